import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { demoBytes } from '../src/source/demo.ts'
import { createFakeClock } from './fake-clock.ts'
import { runCli } from './run-cli.ts'
import { answering, saying } from './upstream.ts'

/** A bench of an endpoint that answers at once, by a clock that jumps. */
async function bench(...flags: string[]) {
  const upstream = answering(() => saying('ok'))
  const clock = createFakeClock()
  const argv = ['bench', '-m', 'm', '--base-url', 'http://model.example/v1', '--warmup', '0', '--json', ...flags]
  const { code, stdout } = await runCli(argv, { fetch: upstream.fetch, clock })
  const { levels } = JSON.parse(stdout) as { levels: { runs: number }[] }
  return { code, asked: upstream.requests, runs: levels.map(({ runs }) => runs), sleeps: clock.sleeps }
}

describe('bench', () => {
  test('asks what --prompt says, and something of its own without it', async () => {
    const own = await bench('-n', '1', '--prompt', 'Count to ten.')
    expect(own).toMatchObject({
      code: 0,
      asked: [{ body: { messages: [{ role: 'user', content: 'Count to ten.' }] } }],
    })
    const usual = await bench('-n', '1')
    const prompt = expect.stringMatching(/two hundred words/) as unknown
    expect(usual.asked).toMatchObject([{ body: { messages: [{ role: 'user', content: prompt }] } }])
  })

  test('asks with long prompts of its own, none of them twice', async () => {
    const { asked } = await bench('-n', '3', '--input-tokens', '500', '--system', 'Be brief.')
    const prompts = asked.map(({ body }) => {
      const { messages } = body as { messages: { role: string; content: string }[] }
      expect(messages.map(({ role }) => role)).toEqual(['system', 'user'])
      return messages[1]?.content ?? ''
    })
    expect(new Set(prompts).size).toBe(3)
    for (const prompt of prompts) expect(prompt.split(' ').length).toBeGreaterThan(450)
  })

  test('asks for no more than --max-tokens, by the name that the server knows', async () => {
    expect((await bench('-n', '1', '--max-tokens', '7')).asked).toMatchObject([{ body: { max_tokens: 7 } }])
    const official = await bench('-n', '1', '--max-tokens', '7', '--base-url', 'https://api.openai.com/v1')
    expect(official.asked).toMatchObject([{ body: { max_completion_tokens: 7 } }])
  })

  test('reads a prompt and a system message from files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'deltawire-prompt-'))
    writeFileSync(join(folder, 'a.md'), 'Count to ten.')
    writeFileSync(join(folder, 'b.md'), 'Be brief.')
    const { asked } = await bench('-n', '1', '--prompt', `@${folder}/a.md`, '--system', `@${folder}/b.md`)
    rmSync(folder, { recursive: true })
    expect(asked).toMatchObject([{ body: { messages: [{ content: 'Be brief.' }, { content: 'Count to ten.' }] } }])
    const { code, stderr } = await runCli([
      'bench',
      '-m',
      'm',
      '--base-url',
      'http://a.example',
      '--prompt',
      '@none.md',
    ])
    expect([code, stderr]).toEqual([2, expect.stringContaining('cannot read "none.md"')])
  })

  test('asks the endpoint of a URL, and reads what is a file there', async () => {
    const upstream = answering(({ url }) => (url.endsWith('.sse') ? new Response(demoBytes('text')) : saying('ok')))
    const call = (...argv: string[]) =>
      runCli(['bench', '-m', 'm', '-n', '1', '--warmup', '0', '--json', ...argv], {
        fetch: upstream.fetch,
        clock: createFakeClock(),
        env: { OPENAI_BASE_URL: 'http://other.example/v1' },
      })
    expect((await call('http://model.example/v1')).code).toBe(0)
    expect(upstream.requests.map(({ url }) => url)).toEqual(['http://model.example/v1/chat/completions'])
    expect((await call('http://model.example/files/text.sse')).code).toBe(0)
    expect(upstream.requests.at(-1)?.url).toBe('http://model.example/files/text.sse')
    const { code, stderr } = await call('http://model.example/v1', '--base-url', 'http://other.example/v1')
    expect([code, stderr]).toEqual([2, expect.stringContaining('two endpoints are named')])
  })

  test('takes one prompt', async () => {
    const { code, stderr } = await runCli(['bench', '--prompt', 'Hi', '--input-tokens', '5'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('cannot be used together')])
  })

  test('asks with the system message of --system', async () => {
    const { asked } = await bench('-n', '1', '--system', 'Be brief.', '--prompt', 'Hi')
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ]
    expect(asked).toMatchObject([{ body: { messages } }])
  })

  test('begins no more in a second than --rate says', async () => {
    expect(await bench('-n', '5', '--rate', '4')).toMatchObject({ runs: [5], sleeps: [250, 250, 250, 250] })
    expect(await bench('-n', '5')).toMatchObject({ runs: [5], sleeps: [] })
  })

  test('begins none after --duration, however many that were', async () => {
    expect(await bench('--duration', '10s', '--rate', '4')).toMatchObject({ code: 0, runs: [41] })
    expect(await bench('--duration', '500ms', '--rate', '4')).toMatchObject({ code: 0, runs: [3] })
  })
})
