import { textOf } from '@deltawire/core'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { connectRelay, RelayError } from '../src/client/index.ts'
import { type ClientConnection, playTranscript, TRANSCRIPTS } from '../src/conformance/index.ts'

const servers: WebSocketServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    for (const client of server.clients) client.terminate()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** Listens on a free port for a client, whose connections are taken one by one. */
async function listen(): Promise<{ url: string; accept: () => Promise<ClientConnection> }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  servers.push(server)
  const connections = mailbox<ClientConnection>()
  server.on('connection', (socket) => {
    const said = mailbox<string | undefined>()
    socket.on('message', (data: Buffer) => said.put(data.toString()))
    socket.on('close', () => said.put(undefined))
    connections.put({
      next: said.take,
      say: (text) => socket.send(text),
      close: (code) => (code === 1006 ? socket.terminate() : socket.close(code)),
    })
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a listening server has a port')
  return { url: `ws://127.0.0.1:${address.port}`, accept: connections.take }
}

function mailbox<T>() {
  const values: T[] = []
  const waiting: ((value: T) => void)[] = []
  return {
    put(value: T): void {
      const taker = waiting.shift()
      if (taker === undefined) values.push(value)
      else taker(value)
    },
    take: (): Promise<T> =>
      values.length === 0
        ? new Promise((resolve) => waiting.push(resolve))
        : Promise.resolve(values.splice(0, 1)).then(([value]) => value as T),
  }
}

describe('our client, held to the protocol', () => {
  it.each(TRANSCRIPTS)(
    '$name ($section)',
    async (transcript) => {
      const { url, accept } = await listen()
      const playing = playTranscript(transcript, accept)
      const relay = connectRelay(url, { WebSocket, random: () => 0 })
      const stream = relay.subscribe('st_1')
      let text = ''
      let refusal: string | undefined
      const reading = (async () => {
        try {
          for await (const { chunk, replaces } of stream.updates()) text = (replaces ? '' : text) + textOf(chunk)
        } catch (reason) {
          if (!(reason instanceof RelayError)) throw reason
          refusal = stream.status === reason.code ? undefined : reason.code
        }
      })()
      await playing
      await reading
      relay.close()
      expect({ status: refusal === undefined ? stream.status : 'refused', text }).toEqual({
        status: transcript.status,
        text: transcript.text,
      })
    },
    20_000,
  )
})
