import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { runCli } from './run-cli.ts'
import { serving } from './serving.ts'

const folder = mkdtempSync(join(tmpdir(), 'deltawire-relay-check-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a few checks against a relay that answers from a recording, at a pace; with a token where there is one. */
async function check(pace: readonly string[], flags: readonly string[], token?: string) {
  let checked: Awaited<ReturnType<typeof runCli>> | undefined
  const relay = ['relay', 'demo:text', '--port', '0', ...pace]
  await serving(
    relay,
    async (url) => {
      const argv = ['relay-check', `${url.replace('http', 'ws')}/v1/socket`, '-m', 'demo:text', ...flags]
      checked = await runCli(argv, { env: token === undefined ? {} : { DELTAWIRE_RELAY_TOKEN: token } })
    },
    { env: token === undefined ? {} : { DELTAWIRE_RELAY_TOKENS: `ada=${token}` } },
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

  test('waits for a frame as long as --timeout says', async () => {
    const silent = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'deltawire.v1' })
    await once(silent, 'listening')
    // A server that listens on a port has one.
    const { port } = silent.address() as AddressInfo
    const only = ['--only', 'welcomes a client', '--timeout', '50ms']
    const { code, stdout } = await runCli(['relay-check', `ws://127.0.0.1:${port}`, ...only])
    for (const socket of silent.clients) socket.terminate()
    silent.close()
    expect([code, stdout]).toEqual([1, expect.stringContaining('did not come within 50 ms')])
  })

  test('waits no longer than --timeout for a server that does not answer at all', async () => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => sockets.add(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { code, stderr } = await runCli(['relay-check', `ws://127.0.0.1:${port}`, '--timeout', '50ms'])
    for (const socket of sockets) socket.destroy()
    server.close()
    expect([code, stderr]).toEqual([6, expect.stringContaining('cannot connect to')])
  })

  test('writes every frame of both sides to the file of --transcript, and no token', async () => {
    const token = '0123456789abcdef'
    const path = join(folder, 'frames.jsonl')
    const only = ['--only', 'welcomes a client', '--transcript', path]
    const { code } = await check(atOnce, only, token)
    const written = readFileSync(path, 'utf8')
    const lines = written.trim().split('\n')
    const frames = lines.map((line) => JSON.parse(line) as { direction: string; frame: string })
    expect(code).toBe(0)
    expect(
      frames.slice(0, 2).map(({ direction, frame }) => [direction, (JSON.parse(frame) as { t: string }).t]),
    ).toEqual([
      ['>', 'hello'],
      ['<', 'welcome'],
    ])
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
