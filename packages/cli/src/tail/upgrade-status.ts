import { WebSocket } from 'ws'

/** Asks for a socket, and resolves to the status of the answer: 101 if there is one, 0 without an answer. */
export function upgradeStatus(
  url: string,
  { protocol, origin }: { readonly protocol?: string; readonly origin?: string },
): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, protocol === undefined ? [] : [protocol], {
      ...(origin !== undefined && { origin }),
      handshakeTimeout: 10_000,
    })
    socket.on('upgrade', () => resolve(101))
    socket.on('unexpected-response', (_, response) => {
      resolve(response.statusCode ?? 0)
      socket.terminate()
    })
    socket.on('open', () => socket.terminate())
    socket.on('error', () => resolve(0))
  })
}
