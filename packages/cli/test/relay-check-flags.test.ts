import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'
import { serving } from './serving.ts'

const folder = mkdtempSync(join(tmpdir(), 'deltawire-relay-check-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a few checks against a relay that answers from a recording, at a pace. */
async function check(pace: readonly string[], flags: readonly string[], env: Record<string, string> = {}) {
  let checked: Awaited<ReturnType<typeof runCli>> | undefined
  const relay = ['relay', 'demo:text', '--port', '0', ...pace]
  await serving(
    relay,
    async (url) => {
      const argv = ['relay-check', `${url.replace('http', 'ws')}/v1/socket`, '-m', 'demo:text', ...flags]
      checked = await runCli(argv, { env })
    },
    { env },
  )
  if (checked === undefined) throw new Error('the relay did not listen')
  return checked
}

const atOnce = ['--ttft', '0', '--tps', '0']
const goesOn = ['--ttft', '0', '--tps', '20']

describe('relay-check', { timeout: 60_000 }, () => {
  test('judges what only a long answer shows when --long-model names a model that gives one', async () => {
    const only = ['--only', 'stops a stream that is cancelled']
    const without = await check(atOnce, [...only, '--json'])
    expect([without.code, JSON.parse(without.stdout.split('\n')[0] ?? '')]).toEqual([
      2,
      expect.objectContaining({ outcome: 'skipped' }),
    ])
    const { code, stdout } = await check(goesOn, [...only, '--long-model', 'demo:text'])
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 pass · 0 fail · 0 skip')])
  })

  test('writes every frame of both sides to the file of --transcript, and no token', async () => {
    const token = '0123456789abcdef'
    const env = { DELTAWIRE_RELAY_TOKENS: `ada=${token}`, DELTAWIRE_RELAY_TOKEN: token }
    const path = join(folder, 'frames.jsonl')
    const only = ['--only', 'welcomes a client', '--transcript', path]
    const { code } = await check(atOnce, only, env)
    const written = readFileSync(path, 'utf8')
    const lines = written.trim().split('\n')
    const frames = lines.map((line) => JSON.parse(line) as { direction: string; frame: string })
    expect(code).toBe(0)
    expect(frames.slice(0, 2).map(({ direction, frame }) => [direction, (JSON.parse(frame) as { t: string }).t])).toEqual(
      [
        ['>', 'hello'],
        ['<', 'welcome'],
      ],
    )
    expect(written).toContain('[token]')
    expect(written).not.toContain(token)
  })

  test('writes no file where it cannot, and asks the relay nothing then', async () => {
    const nowhere = join(folder, 'no', 'such', 'folder.jsonl')
    expect(await check(atOnce, ['--transcript', nowhere])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('cannot write') as unknown,
    })
  })
})
