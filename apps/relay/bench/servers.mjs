// One server in a process of its own: what is measured is the CPU time and the memory of this process.
import { createServer } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRelay } from '@deltawire/websocket-bridge'
import { Server as SocketIo } from 'socket.io'
import { WebSocketServer } from 'ws'

const [kind, rateText, countText] = process.argv.slice(2)
const rate = Number(rateText)
const count = Number(countText)
/** Says that the deltas may begin. */
let go
const began = new Promise((resolve) => (go = resolve))

/** What a model would send: so many a second, each with the time when it was made. */
async function* deltas() {
  await began
  const from = performance.now()
  for (let at = 0; at < count; at++) {
    const due = from + (at * 1000) / rate
    const wait = due - performance.now()
    if (wait > 0) await sleep(wait)
    yield at === count - 1 ? ' END!' : rate > 10_000 ? ' token' : ` @${Date.now()}@`
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

async function publish(send) {
  let at = 0
  for await (const content of deltas()) send(frameOf(content, ++at))
}

/** Each gives the server to listen with, and what `go` sets off. */
const kinds = {
  relay() {
    const relay = createRelay({
      open: async function* () {
        for await (const content of deltas()) yield chunkOf(content)
        // Lives on, as a stream that somebody may join.
        if (process.env['STAYS'] === 'yes') await new Promise(() => {})
      },
      limits: { maxSockets: 50_000 },
    })
    const server = createServer()
    relay.attach(server, { pingMs: 600_000 })
    return {
      server,
      async begin() {
        const request = { model: 'bench', messages: [{ role: 'user', content: 'Hi' }], stream: true }
        const asked = new Request('http://relay/v1/streams', {
          method: 'POST',
          body: JSON.stringify({ body: request }),
        })
        const { id } = await (await relay.handle(asked)).json()
        return id
      },
      run() {},
      async position(id) {
        return (await (await relay.handle(new Request(`http://relay/v1/streams/${id}`))).json()).position
      },
    }
  },
  ws() {
    const server = createServer()
    const clients = new Set()
    const wss = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false })
    wss.on('connection', (socket) => {
      clients.add(socket)
      socket.on('close', () => clients.delete(socket))
    })
    const said = []
    // A late reader is told everything again, as a server does that keeps a list.
    if (process.env['STAYS'] === 'yes') wss.on('connection', (socket) => said.forEach((text) => socket.send(text)))
    return {
      server,
      run: () =>
        publish((text) => {
          said.push(text)
          for (const client of clients) client.send(text)
        }),
    }
  },
  'socket.io'() {
    const server = createServer()
    const io = new SocketIo(server, { transports: ['websocket'], perMessageDeflate: false, pingInterval: 600_000 })
    io.on('connection', (socket) => socket.join('room'))
    return { server, run: () => publish((text) => io.to('room').emit('d', JSON.parse(text))) }
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
      run: () =>
        publish((text) => {
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

const { server, begin, run, position } = kinds[kind]()
server.listen(0, '127.0.0.1', 4096, async () => {
  process.send({ port: server.address().port, stream: await begin?.() })
})

const answers = {
  async go() {
    go()
    run()
    return {}
  },
  async figures({ stream }) {
    globalThis.gc?.()
    const { user, system } = process.cpuUsage()
    return { cpuUs: user + system, rss: process.memoryUsage.rss(), position: await position?.(stream) }
  },
}
process.on('message', (asked) => void answers[asked.do](asked).then((answer) => process.send(answer)))
process.on('disconnect', () => process.exit())
