import { describe, expect, test } from 'vitest'
import { cases } from '@deltawire/testkit'
import { textWidth } from '../src/markdown/text-width.ts'
import { demoBytes, demoNames } from '../src/source/demo.ts'
import { controlCharactersIn } from './control-characters.ts'
import { runCli } from './run-cli.ts'

describe('view', () => {
  test('shows every event with its size and what it carries', async () => {
    const { code, stdout, stderr } = await runCli(['view', 'demo:tools'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toMatch(/^ {3}1 +\d+ B {2}role +0 {2}assistant$/)
    expect(lines[1]).toMatch(/^ {3}2 +\d+ B {2}tool +0 {2}0 get_weather$/)
    expect(lines[2]).toMatch(/tool +0 {2}0 \{"city":$/)
    expect(lines.slice(-3).map((line) => line.slice(15).trim().replaceAll(/ +/g, ' '))).toEqual([
      'finish 0 tool_calls',
      'usage 61 tokens in · 38 out',
      'done [DONE]',
    ])
  })

  test('shows when each event came', async () => {
    const recording = `{"v":1,"type":"chat.recording","started":"","tool":"","request":{"method":"POST","url":"","headers":{}},"response":{"status":200,"headers":{},"t":1}}
[100,"r",": wait\\n\\n"]
[150.5,"r","data: {\\"choices\\":[{\\"index\\":0,\\"delta\\":{\\"content\\":\\"a \\"},\\"finish_reason\\":\\"stop\\"}]}\\n\\n"]
[151,"e",{"name":"ECONNRESET"}]
`
    const { code, stdout } = await runCli(['view'], { stdin: recording })
    expect(code).toBe(7)
    expect(stdout.split('\n').map((line) => line.replaceAll(/ +/g, ' ').trim())).toEqual([
      '1 100.0ms 8 B comment : wait',
      '2 150.5ms +50.5ms 81 B content 0 a␣',
      'finish 0 stop',
      '3 150.5ms 0 B error the connection broke (ECONNRESET)',
      '',
    ])
    const [, row = ''] = (await runCli(['view', '--json'], { stdin: recording })).stdout.split('\n')
    expect(JSON.parse(row)).toMatchObject({
      v: 1,
      type: 'event',
      number: 2,
      at_ms: 150.5,
      gap_ms: 50.5,
      offset: 8,
      kind: 'content',
      choice: 0,
      text: 'a ',
    })
  })

  test('shows where a stream breaks, and ends with that', async () => {
    for (const [name, message] of [
      ['demo:cut', /error +the stream ended/],
      ['demo:error', /error +The server is overloaded/],
    ] as const) {
      const { code, stdout } = await runCli(['view', name])
      expect({ name, code }).toEqual({ name, code: 7 })
      expect(stdout).toMatch(message)
    }
  })

  test('fits its lines to the terminal, and has colours only there', async () => {
    const narrow = await runCli(['view', 'demo:text'])
    for (const line of narrow.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
    expect(controlCharactersIn(narrow.stdout)).toEqual([])
    const stdin = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x'.repeat(500) }, finish_reason: 'stop' }] })}\n\n`
    expect((await runCli(['view'], { stdin })).stdout).toContain('x…')
    expect((await runCli(['view', '--wide'], { stdin })).stdout).toContain('x'.repeat(500))
    expect((await runCli(['view', 'demo:text'], { isTTY: true })).stdout).toContain('\u001B[')
    expect((await runCli(['view', 'demo:text'], { isTTY: true, env: { NO_COLOR: '1' } })).stdout).toBe(narrow.stdout)
  })

  test('can show whatever servers send', { timeout: 60_000 }, async () => {
    for (const { name, sse } of cases) {
      const { code, stdout } = await runCli(['view', '-'], { stdin: sse })
      expect({ name, isKnown: code === 0 || code === 7 }).toEqual({ name, isKnown: true })
      expect(controlCharactersIn(stdout)).toEqual([])
    }
    for (const name of demoNames) expect((await runCli(['view', `demo:${name}`])).stdout).not.toBe('')
  })

  test('shows each event when it has come, and not at the end', async () => {
    const seen: string[] = []
    const events = new TextDecoder().decode(demoBytes('tools')).split(/(?<=\n\n)/)
    function* pieces() {
      for (const [at, event] of events.entries()) {
        expect(seen.length).toBe(at)
        yield event
      }
    }
    const { code, stdout } = await runCli(['view'], { stdin: pieces(), onStdout: (text) => seen.push(text) })
    expect({ code, stdout }).toEqual(
      await runCli(['view', 'demo:tools']).then((whole) => ({ code: whole.code, stdout: whole.stdout })),
    )
  })

  test('shows the same, wherever the bytes are cut on their way', async () => {
    for (const name of ['utf8', 'error', 'cut'] as const) {
      const whole = await runCli(['view', `demo:${name}`, '--json'])
      const stdin = Array.from(demoBytes(name), (byte) => Uint8Array.of(byte))
      expect((await runCli(['view', '--json'], { stdin })).stdout).toBe(whole.stdout)
    }
  })

  test('keeps wide characters inside of its lines', async () => {
    const content = '世界👩‍👧'.repeat(80)
    const stdin = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`
    const [line = ''] = (await runCli(['view'], { stdin })).stdout.split('\n')
    expect(textWidth(line)).toBeLessThanOrEqual(120)
    expect(textWidth(line)).toBeGreaterThan(80)
  })
})
