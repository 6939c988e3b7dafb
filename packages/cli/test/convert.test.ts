import { describe, expect, test } from 'vitest'
import { demoBytes, demoNames } from '../src/source/demo.ts'
import { createFakeClock } from './fake-clock.ts'
import { runCli } from './run-cli.ts'

describe('convert', () => {
  test.each(demoNames)('keeps the meaning of %s', async (name) => {
    const merged = await runCli(['merge', `demo:${name}`])
    const sse = await runCli(['convert', `demo:${name}`, '--to', 'sse'])
    expect(sse.code).toBe(merged.code)
    const again = await runCli(['merge'], { stdin: sse.stdout })
    expect(JSON.parse(again.stdout)).toEqual(JSON.parse(merged.stdout))
    expect(again.code).toBe(merged.code)
    const jsonl = await runCli(['convert', `demo:${name}`, '--to', 'jsonl'])
    expect(JSON.parse((await runCli(['merge'], { stdin: jsonl.stdout })).stdout)).toEqual(JSON.parse(merged.stdout))
    const completion = await runCli(['convert', `demo:${name}`, '--to', 'completion'])
    expect(completion.stdout).toBe(merged.stdout)
    const text = await runCli(['convert', `demo:${name}`, '--to', 'text'])
    expect(text.stdout).toBe((await runCli(['merge', `demo:${name}`, '--text'])).stdout)
  })

  test('leaves a cut stream cut and a reported error in its place', async () => {
    expect((await runCli(['convert', 'demo:cut'])).stdout).not.toContain('[DONE]')
    const { stdout } = await runCli(['convert', 'demo:error'])
    expect(stdout).not.toContain('[DONE]')
    expect(stdout).toContain('The server is overloaded')
  })

  test('writes every chunk when it has it, and not at the end', async () => {
    const seen: string[] = []
    let read = 0
    const lines = new TextDecoder().decode(demoBytes('text')).match(/.*\n\n/g) ?? []
    function* pieces() {
      for (const line of lines) {
        // What was read before is out by now.
        expect(seen.length).toBe(read)
        yield line
        if (!line.includes('[DONE]')) read += 1
      }
    }
    const { writes } = await runCli(['convert', '--to', 'jsonl'], {
      stdin: pieces(),
      onStdout: (text) => seen.push(text),
    })
    expect(writes).toBe(lines.length - 1)
  })

  test('takes one choice out of several', async () => {
    const { stdout } = await runCli(['convert', 'demo:n2', '--to', 'text', '--choice', '1'])
    expect(stdout).toBe('Every wave brings a little of the sea.')
    const sse = await runCli(['convert', 'demo:n2', '--choice', '1'])
    const merged = await runCli(['merge'], { stdin: sse.stdout })
    expect(JSON.parse(merged.stdout)).toMatchObject({ choices: [{ index: 1 }], usage: { total_tokens: 33 } })
  })

  test('joins the halves of a character that came in two chunks', async () => {
    const { stdout } = await runCli(['convert', 'demo:utf8', '--to', 'text'])
    expect(Buffer.from(stdout).toString()).toBe(stdout)
    expect(stdout).toContain('🌍 👩\u200D👧')
  })

  test('stops reading when the reader of its output has left, and that is no failure', async () => {
    let isReleased = false
    function* endless() {
      try {
        yield demoBytes('text').subarray(0, 2000)
        throw new Error('read on for nobody')
      } finally {
        isReleased = true
      }
    }
    const { code, stderr } = await runCli(['convert'], { stdin: endless(), closesAfter: 2 })
    expect({ code, stderr, isReleased }).toEqual({ code: 0, stderr: '', isReleased: true })
  })

  test.each(['text', 'reasoning', 'n2', 'refusal', 'tour', 'utf8'] as const)(
    'repeats the text of %s in every delta, which can be read again',
    async (name) => {
      const { stdout } = await runCli(['convert', `demo:${name}`, '--to', 'cumulative'])
      const again = await runCli(['merge', '--cumulative'], { stdin: stdout })
      expect(again).toMatchObject({ code: 0, stdout: (await runCli(['merge', `demo:${name}`])).stdout })
      expect(stdout.length).toBeGreaterThan((await runCli(['convert', `demo:${name}`])).stdout.length)
    },
  )

  test('makes a recording of what comes, with its times and its bytes', async () => {
    const clock = createFakeClock()
    const bytes = demoBytes('utf8')
    const count = Math.ceil(bytes.length / 500)
    function* pieces() {
      for (let at = 0; at < count; at++) {
        void clock.sleep(10, new AbortController().signal)
        yield bytes.subarray(at * 500, (at + 1) * 500)
      }
    }
    const { code, stdout } = await runCli(['convert', '--to', 'recording'], { stdin: pieces(), clock })
    expect(code).toBe(0)
    expect((await runCli(['replay', '--speed', '0'], { stdin: stdout })).bytes).toEqual(demoBytes('utf8'))
    const times = stdout.trimEnd().split('\n').slice(1, -1)
    expect(times.map((line) => (JSON.parse(line) as [number])[0])).toEqual(
      Array.from({ length: count }, (_, at) => (at + 1) * 10),
    )
  })

  test('makes a recording of a file, which knows no times, and leaves one as it is', async () => {
    const { stdout } = await runCli(['convert', 'demo:text', '--to', 'recording'])
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({ type: 'chat.recording', timed: false })
    expect((await runCli(['convert', '--to', 'recording'], { stdin: stdout })).stdout).toBe(stdout)
    const broken = stdout.replace(/\n\[.*"x".*\n$/, '\n[3,"e",{"name":"ECONNRESET"}]\n')
    const again = await runCli(['convert', '--to', 'recording'], { stdin: broken })
    expect(again.code).toBe(7)
    expect(again.stdout).toContain('"ECONNRESET"')
    expect((await runCli(['convert', 'demo:text', '--to', 'recording', '-n', '1'])).code).toBe(2)
  })
})
