import { describe, expect, test } from 'vitest'
import { demoBytes, demoNames } from '../src/source/demo.ts'
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
})
