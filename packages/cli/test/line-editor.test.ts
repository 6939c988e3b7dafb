import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { createLineEditor } from '../src/chat/line-editor.ts'
import type { TerminalUse } from '../src/hold-terminal.ts'
import { Interrupted, type Terminal } from '../src/io.ts'

/** A terminal in memory: what is typed, and what was made of it. */
async function terminal() {
  const input = new PassThrough()
  const output = new PassThrough()
  const done: string[] = []
  output.on('data', (data: Buffer) => done.push(data.toString()))
  Object.assign(input, { isTTY: true, setRawMode: (isRaw: boolean) => done.push(isRaw ? '[raw]' : '[cooked]') })
  Object.assign(output, { isTTY: true, columns: 80, rows: 24 })
  let use: TerminalUse | undefined
  const editor = await createLineEditor({ input, output } as unknown as Terminal, {
    prompt: '> ',
    history: [],
    complete: async (line) => [[], line],
    onLine: () => {},
    holdTerminal(given) {
      use = given
      given.take()
      return { suspend: () => done.push('[suspended]'), release: given.giveBack }
    },
  })
  return { editor, done, type: (text: string) => void input.write(text), use: () => use }
}

describe('a line editor', () => {
  test('gives one message after the other, also when several lines come at once', async () => {
    const { editor, type } = await terminal()
    type('one\rtwo\rthree\r')
    expect([await editor.next(), await editor.next(), await editor.next()]).toEqual(['one', 'two', 'three'])
    editor.close()
  })

  test('keeps what is typed while an answer is printed for the next message', async () => {
    const { editor, type } = await terminal()
    await editor.whileBusy(
      async () => type('first\rsecond\rbegun'),
      () => {},
    )
    expect([await editor.next(), await editor.next()]).toEqual(['first', 'second'])
    const third = editor.next()
    type(' and ended\r')
    expect(await third).toBe('begun and ended')
    editor.close()
  })

  test('takes nothing for an answer that was typed before the question', async () => {
    const { editor, type } = await terminal()
    const answer = await editor.whileBusy(
      async () => {
        type('yes\r')
        await new Promise((resolve) => setImmediate(resolve))
        const asked = editor.ask('Run it? ')
        type('no\r')
        return asked
      },
      () => {},
    )
    expect(answer).toBe('no')
    expect(await editor.next()).toBe('yes')
    editor.close()
  })

  test('leaves a question at Ctrl-C, and reads messages as before', async () => {
    const { editor, type } = await terminal()
    const asked = editor.whileBusy(
      () => editor.ask('Run it? '),
      () => {},
    )
    type('y\u0003')
    await expect(asked).rejects.toThrow(Interrupted)
    type('next\r')
    expect(await editor.next()).toBe('next')
    editor.close()
  })

  test('is stopped by Ctrl-Z, at the prompt and while an answer is printed, and draws its line again', async () => {
    const { editor, done, type, use } = await terminal()
    const line = editor.next()
    type('half')
    await new Promise((resolve) => setImmediate(resolve))
    type('\u001A')
    await expect.poll(() => done.at(-1)).toBe('[suspended]')
    use()?.giveBack()
    expect(done.slice(-2)).toEqual(['\r\n\u001B[?2004l', '[cooked]'])
    use()?.take()
    expect(done.slice(-6).join('')).toContain('> half')
    type(' a line\r')
    expect(await line).toBe('half a line')
    await editor.whileBusy(
      async () => {
        type('\u001A')
        await expect.poll(() => done.at(-1)).toBe('[suspended]')
      },
      () => {},
    )
    editor.close()
    expect(done.slice(-2)).toEqual(['\u001B[?2004l', '[cooked]'])
  })
})
