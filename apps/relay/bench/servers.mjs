// One server in a process of its own: what is measured is the CPU time and the memory of this process.
import { createServer } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRelay } from '@deltawire/websocket-bridge'
import { Server as SocketIo } from 'socket.io'
import { WebSocketServer } from 'ws'
import { sharedNow } from './figures.mjs'
import { answerWith } from './program.mjs'

const [kind] = process.argv.slice(2)
/** When each delta was published, by offset. */
let publishedAt = []
/** What the process had used when that began. */
let begunAtUs = 0
const cpuUs = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}
let offset = 0

/**
 * What a model would send: so many deltas a second, four characters each as its tokens have.
 *
 * Where the machine was busy elsewhere, a source that catches up gives several at once, which a relay sums. Deltas of the lead-in are not
 * counted: a relay first has to see how much there is to do.
 */
async function* deltas({ rate, count, leadIn = 0, catchesUp = true, text = ' tok' }) {
  const from = performance.now()
  for (let at = 0; at < leadIn + count; at++) {
    const wait = catchesUp ? from + (at * 1000) / rate - performance.now() : 1000 / rate
    if (wait > 0) await sleep(wait)
    if (at === leadIn) {
      publishedAt = []
      begunAtUs = cpuUs()
    }
    publishedAt.push([++offset, sharedNow()])
    yield at === leadIn + count - 1 ? 'END!' : text
  }
}

const chunkOf = (content) => ({
  id: 'chatcmpl-0123456789abcdef',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'bench',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
})

/** As the relay's own frames look: the peers carry the same bytes. */
const frameOf = (content, at) =>
  `{"t":"d","s":"st_0123456789abcdefghijkl","e":"7f3a0c21","o":${at},"n":1,"c":[{"choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}}}]}]}`

const publishWith = (send) => async (load) => {
  for await (const content of deltas(load)) send(frameOf(content, offset))
}

/** Each gives the server to listen with, and what plays a load. */
const kinds = {
  relay() {
    /** Loads that are to be played, and who waits for one. */
    const loads = []
    let wake = () => {}
    const relay = createRelay({
      open: async function* () {
        for (;;) {
          const load = loads.shift()
          if (load === undefined) await new Promise((resolve) => (wake = resolve))
          else {
            for await (const content of deltas(load)) yield chunkOf(content)
            load.played()
          }
        }
      },
      limits: { maxSockets: 50_000, maxStreamChunks: 10_000_000 },
    })
    const server = createServer()
    relay.attach(server, { pingMs: 600_000 })
    const state = async (id) => (await relay.handle(new Request(`http://relay/v1/streams/${id}`))).json()
    return {
      server,
      async begin() {
        const request = { model: 'bench', messages: [{ role: 'user', content: 'Hi' }], stream: true }
        const asked = new Request('http://relay/v1/streams', {
          method: 'POST',
          body: JSON.stringify({ body: request }),
        })
        return (await (await relay.handle(asked)).json()).id
      },
      play: (load) =>
        new Promise((played) => {
          loads.push({ ...load, played })
          wake()
        }),
      position: async (id) => (await state(id)).position,
      frames: () => relay.stats.framesSent,
    }
  },
  ws() {
    const server = createServer()
    const clients = new Set()
    const said = []
    const wss = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false })
    wss.on('connection', (socket) => {
      clients.add(socket)
      socket.on('close', () => clients.delete(socket))
      // What a server does at least for a reader that comes back: one frame, which it has at hand.
      socket.on('message', (data) =>
        socket.send(frameOf(' tok'.repeat(offset - JSON.parse(data).from.o - 1) + 'END!', offset)),
      )
      // A late reader is told everything again, as a server does that keeps a list.
      if (process.env['TELLS_ALL'] === 'yes') for (const text of said) socket.send(text)
    })
    return {
      server,
      play: publishWith((text) => {
        said.push(text)
        for (const client of clients) client.send(text)
      }),
    }
  },
  'socket.io'() {
    const server = createServer()
    const io = new SocketIo(server, { transports: ['websocket'], perMessageDeflate: false, pingInterval: 600_000 })
    io.on('connection', (socket) => socket.join('room'))
    return { server, play: publishWith((text) => io.to('room').emit('d', JSON.parse(text))) }
  },
  net() {
    const clients = new Set()
    const server = createNetServer({ noDelay: true }, (socket) => {
      socket.on('error', () => {}).on('close', () => clients.delete(socket))
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
        clients.add(socket)
      })
    })
    return {
      server,
      play: publishWith((text) => {
        const bytes = framed(text)
        for (const client of clients) client.write(bytes)
      }),
    }
  },
}

/** A text frame of WebSocket, so that the raw sockets carry as much. */
function framed(text) {
  const body = Buffer.from(text)
  const head =
    body.length < 126 ? Buffer.from([0x81, body.length]) : Buffer.from([0x81, 126, body.length >> 8, body.length & 255])
  return Buffer.concat([head, body])
}

const { server, begin, play, position, frames } = kinds[kind]()

answerWith({
  async begin() {
    await new Promise((listening) => server.listen(0, '127.0.0.1', 4096, listening))
    return { kind, port: server.address().port, stream: await begin?.() }
  },
  async play(load) {
    await play(load)
    return { publishedAt, cpuUs: begunAtUs }
  },
  cpu: () => ({ cpuUs: cpuUs() }),
  async memory() {
    globalThis.gc?.()
    return { rss: process.memoryUsage.rss() }
  },
  frames: () => frames(),
  position: ({ stream }) => position(stream),
})
