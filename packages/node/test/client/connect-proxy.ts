import { createServer, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** A proxy for HTTP, which leads every name to one server on this machine. */
export async function startProxy(target: string): Promise<{
  readonly url: string
  /** What it was asked to reach, and with what password. */
  readonly asked: readonly { host: string; authorization: string | undefined }[]
  close(): Promise<void>
}> {
  const { hostname, port } = new URL(target)
  const asked: { host: string; authorization: string | undefined }[] = []
  const sockets = new Set<Socket>()
  const note = (host: string, { headers }: IncomingMessage): void =>
    void asked.push({ host, authorization: headers['proxy-authorization'] })
  const server = createServer((incoming, response) => {
    // Some clients send the whole address instead of CONNECT, for http.
    const { host, pathname } = new URL(incoming.url ?? '')
    note(host.includes(':') ? host : `${host}:80`, incoming)
    const { method, headers } = incoming
    const onward = request({ hostname, port, path: pathname, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    incoming.pipe(onward)
  })
  server.on('connect', (incoming: IncomingMessage, client: Socket) => {
    note(incoming.url ?? '', incoming)
    const upstream = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    sockets.add(upstream)
    upstream.on('error', () => {})
    upstream.on('close', () => client.destroy())
    client.on('close', () => upstream.destroy())
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
