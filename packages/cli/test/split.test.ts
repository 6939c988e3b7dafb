import type { ChatCompletion } from '@deltawire/core'
import { describe, expect, test } from 'vitest'
import { demoNames } from '../src/source/demo.ts'
import { createFakeClock } from './fake-clock.ts'
import { runCli } from './run-cli.ts'

const whole = demoNames.filter((name) => name !== 'cut' && name !== 'error')

describe('split', () => {
  test.each(whole)('is undone by merge: %s', async (name) => {
    const completion = (await runCli(['merge', `demo:${name}`])).stdout
    for (const by of ['character', 'word', '1', '3', '1000']) {
      for (const format of ['sse', 'jsonl']) {
        const split = await runCli(['split', '--by', by, '--format', format], { stdin: completion })
        expect({ by, format, code: split.code, stderr: split.stderr }).toEqual({ by, format, code: 0, stderr: '' })
        const merged = await runCli(['merge'], { stdin: split.stdout })
        expect({ by, format, ...(JSON.parse(merged.stdout) as ChatCompletion) }).toEqual({
          by,
          format,
          ...(JSON.parse(completion) as ChatCompletion),
        })
      }
    }
  })

  test('cuts the text as it is told', async () => {
    const { stdout } = await runCli(['split', 'demo:reasoning', '--by', 'character', '--format', 'jsonl'])
    const texts = stdout
      .trimEnd()
      .split('\n')
      .flatMap((line) => {
        const { choices } = JSON.parse(line) as { choices: { delta: { content?: string | null } }[] }
        return choices.map(({ delta }) => delta.content ?? '')
      })
    expect(texts.join('')).toBe('9.8 is larger than 9.11.')
    expect(Math.max(...texts.map((text) => text.length))).toBe(1)
  })

  test('ends with [DONE], or without when it is told so', async () => {
    expect((await runCli(['split', 'demo:text'])).stdout).toMatch(/\n\ndata: \[DONE\]\n\n$/)
    expect((await runCli(['split', 'demo:text', '--no-done'])).stdout).not.toContain('[DONE]')
    expect((await runCli(['split', 'demo:text', '--format', 'jsonl'])).stdout).not.toContain('[DONE]')
  })

  test('splits what arrived of a broken stream, leaves it open, and fails', async () => {
    const { code, stdout, stderr } = await runCli(['split', 'demo:cut'])
    expect(code).toBe(7)
    expect(stdout).not.toContain('[DONE]')
    expect(stderr).toMatch(/incomplete_stream/)
    expect((await runCli(['merge', '--text'], { stdin: stdout })).stdout).toBe(
      (await runCli(['merge', 'demo:cut', '--text'])).stdout,
    )
  })

  test('takes its time, and can leave out the usage', async () => {
    const clock = createFakeClock()
    const written: number[] = []
    const { stdout } = await runCli(['split', 'demo:reasoning', '--interval', '20ms', '--no-usage'], {
      clock,
      onStdout: () => written.push(clock.now()),
    })
    expect(written.slice(0, 3)).toEqual([0, 20, 40])
    expect(stdout).not.toContain('usage')
    expect(JSON.parse((await runCli(['merge'], { stdin: stdout })).stdout)).not.toHaveProperty('usage')
  })
})
