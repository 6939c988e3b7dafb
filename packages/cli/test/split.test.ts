import type { ChatCompletion } from '@deltawire/core'
import { describe, expect, test } from 'vitest'
import { demoNames } from '../src/source/demo.ts'
import { createFakeClock } from './fake-clock.ts'
import { runCli } from './run-cli.ts'

const whole = demoNames.filter((name) => name !== 'cut' && name !== 'error')

describe('split', () => {
  test.each(whole)('is undone by merge: %s', async (name) => {
    const completion = (await runCli(['merge', `demo:${name}`])).stdout
    const cuts = ['character', 'word', 'token', '1', '3', '1000', 'bytes=1', 'bytes=5']
    for (const by of [...cuts, ...cuts.map((cut) => `${cut} --seed 7`)]) {
      for (const format of ['sse', 'jsonl']) {
        const argv = ['split', '--by', ...by.split(' '), '--format', format]
        const split = await runCli(argv, { stdin: completion })
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

  /** The texts of the chunks. */
  async function textsOf(...argv: string[]): Promise<string[]> {
    const { stdout } = await runCli(['split', '--format', 'jsonl', ...argv])
    return stdout
      .trimEnd()
      .split('\n')
      .flatMap((line) => {
        const { choices } = JSON.parse(line) as { choices: { delta: { content?: string | null } }[] }
        return choices.map(({ delta }) => delta.content ?? '')
      })
      .filter((text) => text !== '')
  }

  test('cuts the text as it is told', async () => {
    const texts = await textsOf('demo:reasoning', '--by', 'character')
    expect(texts.join('')).toBe('9.8 is larger than 9.11.')
    expect(Math.max(...texts.map((text) => text.length))).toBe(1)
  })

  test('cuts by tokens as a model writes them', async () => {
    expect(await textsOf('demo:reasoning', '--by', 'token')).toEqual([
      '9',
      '.',
      '8',
      ' is',
      ' larger',
      ' than',
      ' ',
      '9',
      '.',
      '11',
      '.',
    ])
  })

  test('cuts by bytes, never through a character', async () => {
    const texts = await textsOf('demo:utf8', '--by', 'bytes=4')
    const sizes = texts.map((text) => Buffer.byteLength(text))
    expect(Math.max(...sizes)).toBe(4)
    expect(texts).toContain('🌍')
    // One that does not fit is whole all the same.
    expect(await textsOf('demo:utf8', '--by', 'bytes=1')).toContain('🌍')
  })

  test.each([
    ['word', 4, (text: string) => text.split(' ').filter((word) => word !== '').length],
    ['character', 4, (text: string) => text.length],
    ['10', 19, (text: string) => text.length],
    ['bytes=10', 19, (text: string) => Buffer.byteLength(text)],
  ])('cuts by lot, and again in the same places: %s', async (by, most, sizeOf) => {
    const cut = (seed: string) => textsOf('demo:text', '--by', by, '--seed', seed)
    const once = await cut('7')
    expect(await cut('7')).toEqual(once)
    expect(await cut('8')).not.toEqual(once)
    const sizes = once.map(sizeOf)
    expect(new Set(sizes).size).toBeGreaterThan(2)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(most)
  })

  test('has no trouble with a word of a million letters', async () => {
    const completion = (await runCli(['merge', 'demo:text'])).stdout
    const stdin = completion.replace('A chunk is', 'a'.repeat(1_000_000))
    const { code } = await runCli(['split', '--by', 'token'], { stdin })
    expect(code).toBe(0)
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
