import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import type { ClientFrame, ServerFrame } from '../src/protocol/frame.ts'

/** What a bad relay does with the frames of a good one: says them, says others, or says nothing. */
export interface Tampering {
  readonly server?: (frame: ServerFrame) => readonly object[]
  readonly client?: (frame: ClientFrame) => readonly object[]
  readonly closes?: (code: number) => number
}

/** Stands before a relay that does what the protocol says, and makes it one that does not. */
export async function startTamperingRelay(
  url: string,
  { server = (frame) => [frame], client = (frame) => [frame], closes = (code) => code }: Tampering,
) {
  const relay = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  relay.on('connection', (near) => {
    const far = new WebSocket(url, 'deltawire.v1')
    const early: string[] = []
    const sayFar = (text: string): void => void (far.readyState === WebSocket.OPEN ? far.send(text) : early.push(text))
    far.on('open', () => {
      for (const text of early.splice(0)) far.send(text)
    })
    near.on('message', (data: Buffer, isBinary) => {
      const text = data.toString()
      for (const frame of framesOf(isBinary ? '' : text, client, text)) sayFar(frame)
    })
    far.on('message', (data: Buffer) => {
      for (const frame of framesOf(data.toString(), server, '')) near.send(frame)
    })
    const end = (socket: WebSocket) => (code: number) =>
      code === 1005 || code === 1006 ? socket.terminate() : socket.close(closes(code))
    near.on('close', end(far))
    far.on('close', end(near))
    far.on('error', () => {})
  })
  await new Promise((resolve) => relay.once('listening', resolve))
  // A server that listens on a port has one.
  const { port } = relay.address() as AddressInfo
  return {
    url: `ws://127.0.0.1:${port}`,
    async close() {
      for (const socket of relay.clients) socket.terminate()
      await new Promise((resolve) => relay.close(resolve))
    },
  }
}

/** @param otherwise what becomes of a text that is no frame */
function framesOf(text: string, tamper: (frame: never) => readonly object[], otherwise: string): string[] {
  try {
    // Whatever else it is, tamperings only look at what they know.
    const frame: unknown = JSON.parse(text)
    return typeof frame === 'object' && frame !== null && 't' in frame
      ? tamper(frame as never).map((one) => JSON.stringify(one))
      : [text]
  } catch {
    return [otherwise]
  }
}
