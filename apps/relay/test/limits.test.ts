import { createMockServer, type MockServer } from '@deltawire/cli/mock'
import { freePort } from '@deltawire/testkit/free-port'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { binary } from './support/relay-node.ts'

/** A node whose machine has not enough of something. */
describe('a node', () => {
  let upstream: MockServer
  const ended: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    upstream = await createMockServer({ apiKey: 'mock' })
  })
  afterEach(async () => {
    for (const end of ended.splice(0).reverse()) await end()
  })
  afterAll(() => upstream.close())

  /** Starts one with its log going there. Resolves when it is alive. */
  async function start(command: string, args: readonly string[], log: number | 'ignore'): Promise<string> {
    const port = await freePort()
    const env = {
      PATH: process.env['PATH'],
      DELTAWIRE_RELAY_PORT: String(port),
      DELTAWIRE_RELAY_UPSTREAM_URL: upstream.baseURL,
      DELTAWIRE_RELAY_UPSTREAM_KEY: 'mock',
    }
    const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', log] })
    ended.push(async () => {
      const exited = once(child, 'exit')
      if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await exited
    })
    const origin = `http://127.0.0.1:${port}`
    const isAlive = (): Promise<boolean> =>
      fetch(`${origin}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      )
    await expect.poll(isAlive, { timeout: 30_000 }).toBe(true)
    return origin
  }

  const answerOf = async (origin: string): Promise<string> => {
    const body = JSON.stringify({ model: 'demo:text', messages: [{ role: 'user', content: 'Hi' }] })
    const response = await fetch(`${origin}/v1/chat/completions`, { method: 'POST', body })
    const { choices } = (await response.json()) as { choices?: { message: { content: string } }[] }
    return choices?.[0]?.message.content ?? ''
  }

  it.skipIf(!existsSync('/dev/full'))('answers where its log cannot be written: the disk is full', async () => {
    const origin = await start(process.execPath, [binary, 'relay'], openSync('/dev/full', 'w'))
    for (let times = 0; times < 3; times++) expect(await answerOf(origin)).not.toBe('')
  })

  it('keeps what it has when it can open nothing more, and takes new ones when it can again', async () => {
    const limited = `ulimit -n 80; exec "$0" "$1" relay`
    const origin = await start('/bin/sh', ['-c', limited, process.execPath, binary], 'ignore')
    const { port } = new URL(origin)
    const sockets: Socket[] = []
    ended.push(async () => sockets.forEach((socket) => socket.destroy()))
    // One that was there before.
    const first = connect(Number(port), '127.0.0.1')
    sockets.push(first)
    await once(first, 'connect')
    for (let count = 0; count < 120; count++) {
      const socket = connect(Number(port), '127.0.0.1').on('error', () => {})
      sockets.push(socket)
      await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {})
    }
    first.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
    const [said] = (await once(first, 'data')) as [Buffer]
    expect(said.toString()).toContain('200 OK')
    for (const socket of sockets.splice(0)) socket.destroy()
    await expect.poll(() => answerOf(origin).catch(() => ''), { timeout: 20_000 }).not.toBe('')
  })
})
