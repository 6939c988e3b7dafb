import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createBlockScanner, createLineScanner } from '../src/lint/locate-blocks.ts'
import { demoBytes } from '../src/source/demo.ts'
import { heldRows } from '../src/view/held-rows.ts'
import { viewRows } from '../src/view/view-rows.ts'
import { runCli } from './run-cli.ts'
import { tempHome } from './temp-home.ts'

const home = tempHome()
const asked = ['ask', '-m', 'demo:text', '--dry-run']

describe.runIf(process.platform !== 'win32')('a file of a prompt that is none', () => {
  test('may be a pipe, as of -f <(git diff)', async () => {
    const pipe = join(home.path, 'pipe')
    execFileSync('mkfifo', [pipe])
    const written = writeFile(pipe, 'what changed\n')
    const { code, stdout } = await runCli([...asked, '-f', pipe, 'hi'], { cwd: home.path, env: home.env })
    await written
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      messages: [{ content: expect.stringContaining('<file name="pipe">\nwhat changed\n</file>') as unknown }],
    })
  })

  test.runIf(existsSync('/dev/zero'))('is read no further than what may be sent', async () => {
    for (const flag of ['-f', '-a']) {
      expect(await runCli([...asked, flag, '/dev/zero', 'hi'], { cwd: home.path, env: home.env })).toMatchObject({
        code: 2,
        stderr: 'error: "/dev/zero" is larger than 20 MB\n',
      })
    }
  })
})

/** What comes again and again; nobody may ask for all of it. */
function* endlessly(...pieces: readonly (Uint8Array | string)[]): Generator<Uint8Array | string> {
  for (const piece of pieces.slice(0, -1)) yield piece
  for (;;) yield pieces.at(-1) ?? ''
}

async function* demo() {
  yield { atMs: undefined, bytes: demoBytes('text') }
}

/** What any reader says that needs an event whole. */
const tooLongEvent = {
  code: 7,
  stderr:
    'error: more came than the option maxEventLength allows (16777216) (limit_exceeded)\n' +
    'hint: no server sends so much in one answer: is it a chat-completion stream?\n',
}
const tooLongSource = {
  code: 2,
  stderr: expect.stringMatching(/^error: (?:standard input|"stdin") is longer than 268435456 bytes\n/) as unknown,
}

describe('a source that never ends', () => {
  const zeros = new Uint8Array(1024 * 1024)
  const comment = `: ${'x'.repeat(1024 * 1024)}\n`
  const head = `${JSON.stringify({ v: 1, type: 'chat.recording', request: {}, response: { status: 200, headers: {}, t: 0 } })}\n`

  test.each([
    ['a line', [zeros]],
    ['an event', ['data: {}\n\n', `data${comment}`]],
    ['a line of JSON', ['{"a":"', zeros]],
  ])('is looked at no further than %s may be long', async (_, pieces) => {
    expect(await runCli(['view'], { stdin: endlessly(...pieces) })).toMatchObject(tooLongEvent)
  })

  test('is held no longer where its lines are short, or blank', () => {
    for (const text of ['x\n', '\n']) {
      const lines = createLineScanner()
      const blocks = createBlockScanner()
      const piece = Buffer.from(text.repeat(100_000))
      let held = 0
      for (let count = 0; count < 5; count++)
        for (const line of lines.push(piece)) held = blocks.push(line).length > 0 ? 0 : held + 1
      expect(held).toBeLessThan(300_000)
    }
  })

  test('is replayed as it is, in pieces; read, it is no answer', async () => {
    expect(await runCli(['replay', '--speed', '0'], { stdin: endlessly(zeros), closesAfter: 2 })).toMatchObject({
      code: 0,
      writes: 2,
    })
    const read = ['replay', '--speed', '0', '--format', 'text']
    expect(await runCli(read, { stdin: endlessly(zeros) })).toMatchObject(tooLongEvent)
  })

  test('is not held by who needs it whole', { timeout: 60_000 }, async () => {
    for (const argv of [
      ['diff', '-', 'demo:text'],
      ['mock', '-', '--port', '0'],
      ['replay', '--speed', '0', '--loop=2'],
    ]) {
      expect(await runCli(argv, { stdin: endlessly('data: {}\n\n', comment) })).toMatchObject(tooLongSource)
    }
  })

  test('is no recording that has a line of it', async () => {
    expect(await runCli(['merge'], { stdin: endlessly(head, '[1,"r","', zeros) })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('a line of the recording is longer than') as unknown,
    })
  })

  test('is no prompt of a chat', async () => {
    const spaces = 'x'.repeat(1024 * 1024)
    const run = await runCli(['chat', '-m', 'demo:text', '--no-store'], { stdin: endlessly('', spaces) })
    expect(run).toMatchObject({ code: 2, stderr: 'error: a prompt is longer than 16777216 characters\n' })
  })

  test('is stepped through by nobody', async () => {
    async function* rows() {
      for (;;) for await (const row of viewRows({ head: undefined, reads: demo() })) yield row
    }
    await expect(heldRows(rows(), '-', 100_000)).rejects.toMatchObject({
      message: 'standard input is longer than 100000 bytes',
      hint: 'without --interactive rows are printed as they come',
    })
  })

  test.runIf(existsSync('/dev/zero'))('is no request, no system prompt and no schema', async () => {
    const env = { ...home.env, OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', OPENAI_API_KEY: 'k' }
    const options = { cwd: home.path, env }
    for (const argv of [
      ['record', '--request', '/dev/zero'],
      ['record', '-m', 'm', '-s', '@/dev/zero', 'hi'],
      ['ask', '-m', 'm', '--dry-run', '-s', '@/dev/zero', 'hi'],
      ['ask', '-m', 'm', '--dry-run', '--schema', '/dev/zero', 'hi'],
    ])
      expect(await runCli(argv, options)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/^error: .*"\/dev\/zero" is longer than \d+ bytes\n$/) as unknown,
      })
  })
})
