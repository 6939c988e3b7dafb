import { describe, expect, test } from 'vitest'
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
