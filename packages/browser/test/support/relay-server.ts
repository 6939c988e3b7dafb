import type { ChatCompletionChunk } from '@deltawire/core'
import { createRelay } from '@deltawire/websocket-bridge'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'

export interface RelayServer {
  /** Through a line that can be cut. */
  readonly origin: string
  /** How often it was called, how much it has written in all calls, and whether the last one was stopped. */
  readonly model: { generated: number; isStopped: boolean; stoppedAt: number; calls: number }
  /** Breaks every connection. Gives how many there were. */
  cut(): number
  close(): Promise<void>
}

/** A relay with both doors, a model behind it, a page before it, and a line that can be cut. */
export async function serveRelay(
  chunks: () => readonly ChatCompletionChunk[],
  pauseMs: () => Promise<number> | number,
  page: { html: string; script: string },
): Promise<RelayServer> {
  const model = { generated: 0, isStopped: false, stoppedAt: 0, calls: 0 }
  const relay = createRelay({
    // A script presses buttons faster than any person.
    limits: { maxFramesPerSecond: 1_000 },
    async *open(_request, { signal }) {
      Object.assign(model, { isStopped: false, calls: model.calls + 1 })
      const onAbort = () => Object.assign(model, { isStopped: true, stoppedAt: Date.now() })
      signal.addEventListener('abort', onAbort)
      for (const chunk of chunks()) {
        const ms = await pauseMs()
        await new Promise((resolve) => setTimeout(resolve, ms))
        if (signal.aborted) return
        model.generated++
        yield chunk
      }
      signal.removeEventListener('abort', onAbort)
    },
  })
  const server = createServer((request, response) => {
    const { url = '/' } = request
    if (url.startsWith('/v1')) void respond(request, response)
    else
      response
        .writeHead(200, { 'content-type': url === '/app.js' ? 'text/javascript' : 'text/html' })
        .end(url === '/app.js' ? page.script : page.html)
  })

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const given = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)])
    const hasBody = method !== 'GET' && method !== 'HEAD'
    const init = {
      method,
      headers: given,
      signal: gone.signal,
      // Both name the same standard: the types of the platform and those of Node.js do not know of each other.
      ...(hasBody && { body: Readable.toWeb(request) as unknown as ReadableStream, duplex: 'half' as const }),
    }
    const answer = await relay.handle(new Request(`http://${headers.host ?? ''}${url}`, init))
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    if (answer.body === null) response.end()
    else
      Readable.fromWeb(answer.body as never)
        .on('error', () => response.destroy())
        .pipe(response)
  }

  relay.attach(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const sockets = new Set<Socket>()
  const line = createTcpServer((socket) => {
    const other = connect(port, '127.0.0.1')
    for (const end of [socket, other]) {
      sockets.add(end)
      end.on('error', () => {})
      end.on('close', () => {
        sockets.delete(end)
        socket.destroy()
        other.destroy()
      })
    }
    socket.pipe(other)
    other.pipe(socket)
  })
  await new Promise<void>((resolve) => line.listen(0, '127.0.0.1', resolve))
  const cut = (): number => {
    // Each has two ends here.
    const count = sockets.size / 2
    for (const socket of sockets) socket.destroy()
    return count
  }
  return {
    origin: `http://127.0.0.1:${(line.address() as AddressInfo).port}`,
    model,
    cut,
    async close() {
      cut()
      await new Promise((resolve) => line.close(resolve))
      await relay.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
