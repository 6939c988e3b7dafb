import { WebSocket } from 'ws'

export interface Handshake {
  readonly protocol?: string | undefined
  readonly origin?: string | undefined
  /** How long the answer may take. @defaultValue `10_000`, as long as a client waits for a frame */
  readonly timeoutMs?: number | undefined
  /** Ends the wait, as if nothing had answered. */
  readonly signal?: AbortSignal | undefined
}

/** Asks for a socket, and resolves to the status of the answer: 101 if there is one, 0 without an answer in time. */
export function upgradeStatus(
  url: string,
  { protocol, origin, timeoutMs = 10_000, signal }: Handshake,
): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, protocol === undefined ? [] : [protocol], {
      ...(origin !== undefined && { origin }),
      handshakeTimeout: timeoutMs,
    })
    endWith(socket, signal)
    socket.on('upgrade', () => resolve(101))
    socket.on('unexpected-response', (_, response) => {
      resolve(response.statusCode ?? 0)
      socket.terminate()
    })
    socket.on('open', () => socket.terminate())
    socket.on('error', () => resolve(0))
  })
}

/** Ends a socket with the signal, so that nothing goes on to wait for it. */
export function endWith(socket: WebSocket, signal: AbortSignal | undefined): void {
  const end = () => socket.terminate()
  if (signal?.aborted === true) end()
  signal?.addEventListener('abort', end, { once: true })
  socket.on('close', () => signal?.removeEventListener('abort', end))
}
