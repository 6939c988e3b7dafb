import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { Interrupted } from '../src/io.ts'
import { closeNow, listen } from '../src/listen.ts'
import { runCli } from './run-cli.ts'

describe('deltawire relay-check', () => {
  it('wants to know which relay', async () => {
    const { code, stderr } = await runCli(['relay-check'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('no relay is named')])
  })

  it('ends with 6 where nobody listens', async () => {
    const { code, stderr } = await runCli(['relay-check', 'ws://127.0.0.1:1'])
    expect([code, stderr]).toEqual([6, expect.stringContaining('cannot connect to ws://127.0.0.1:1/v1/socket')])
  })

  it.each([
    ['before it has answered', 0],
    ['while it says nothing', 1],
    ['while it says nothing more', 2],
  ])('leaves a relay at Ctrl-C %s', { timeout: 20_000 }, async (_, answered) => {
    const stop = new AbortController()
    const sockets = new Set<Duplex>()
    const relay = createServer((request) => request.resume())
    const accept = new WebSocketServer({ noServer: true })
    let asked = 0
    // Nothing is said on any socket, and most of them are not even opened.
    relay.on('upgrade', (request, socket, head) => {
      sockets.add(socket)
      if (asked++ < answered) accept.handleUpgrade(request, socket, head, () => {})
      else stop.abort(new Interrupted('SIGINT'))
    })
    relay.on('request', () => stop.abort(new Interrupted('SIGINT')))
    const { origin } = await listen(relay, 0, '127.0.0.1')
    const url = origin.replace('http', 'ws')
    // No check may take longer than this test.
    const run = await runCli(['relay-check', url, '--timeout', '60s'], { signal: stop.signal })
    expect(run).toMatchObject({ code: 130, stderr: '' })
    expect(run.stdout).not.toContain('FAIL')
    for (const socket of sockets) socket.destroy()
    await closeNow(relay)
  })
})
