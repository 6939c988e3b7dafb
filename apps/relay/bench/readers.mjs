// Readers of any server, over bare sockets, in a process of their own: their work is not the server's.
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'

/** A masked text frame of a client. The mask is zero: it is there for proxies, of which there are none. */
function frame(text) {
  const body = Buffer.from(text)
  const head = body.length < 126 ? [0x81, 0x80 | body.length] : [0x81, 0xfe, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), body])
}

const upgrade = (path) =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: deltawire.v1\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`

const paths = { relay: '/v1/socket', 'socket.io': '/socket.io/?EIO=4&transport=websocket' }
/** What a reader says when it is let in. */
const greetings = {
  relay: ({ stream, from }) => [
    JSON.stringify({ t: 'hello' }),
    JSON.stringify({ t: 'sub', id: '1', s: stream, ...(from && { from }) }),
  ],
  'socket.io': () => ['40'],
}
/** What shows that it will get what comes. */
const isIn = { relay: '"t":"ok"', 'socket.io': '40{' }

/** Reads until the last delta. Resolves twice: `ready` when it is let in, `over` at the end. */
function read(task) {
  const { kind, port } = task
  const reader = { bytes: 0, delays: [] }
  const from = performance.now()
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let step = 'upgrade'
  let before = ''
  reader.ready = new Promise((ready, failed) => {
    reader.over = new Promise((over) => {
      socket.on('connect', () => socket.write(upgrade(paths[kind] ?? '/')))
      socket.on('error', failed)
      socket.on('data', (data) => {
        let text = data.latin1Slice()
        if (step === 'upgrade') {
          const end = text.indexOf('\r\n\r\n')
          if (end < 0) return
          if (!text.startsWith('HTTP/1.1 101')) return failed(new Error(text.slice(0, 100)))
          for (const said of greetings[kind]?.(task) ?? []) socket.write(frame(said))
          step = isIn[kind] === undefined ? 'in' : 'greeting'
          if (step === 'in') ready()
          text = text.slice(end + 4)
        }
        if (step === 'greeting') {
          if (!text.includes(isIn[kind])) return
          step = 'in'
          ready()
        }
        reader.bytes += text.length
        const seen = before + text
        if (task.times) for (const [, at] of text.matchAll(/@(\d{13})@/g)) reader.delays.push(Date.now() - Number(at))
        // The head of a stream that lives on is where its last delta is.
        if (seen.includes('END!')) {
          reader.tookMs = performance.now() - from
          over()
        }
        before = text.slice(-4)
      })
    })
  })
  reader.leave = () => socket.destroy()
  return reader
}

const quantile = (numbers, part) => numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) * part)] ?? 0

const tasks = {
  /** Many readers of what is to come. */
  async follow({ count, ...task }) {
    const all = []
    for (let at = 0; at < count; at += 250) {
      const some = Array.from({ length: Math.min(250, count - at) }, (_, n) => read({ ...task, times: at + n < 20 }))
      all.push(...some)
      await Promise.all(some.map(({ ready }) => ready))
    }
    process.send({ ready: true })
    await Promise.all(all.map(({ over }) => over))
    const delays = all.flatMap((one) => one.delays)
    const bytes = all.reduce((sum, one) => sum + one.bytes, 0)
    for (const { leave } of all) leave()
    return { bytes, p50: quantile(delays, 0.5), p99: quantile(delays, 0.99) }
  },
  /** Readers that stay, and read nothing. */
  async sit({ count, ...task }) {
    for (let at = 0; at < count; at += 250)
      await Promise.all(Array.from({ length: Math.min(250, count - at) }, () => read(task).ready))
    return {}
  },
  /** One reader after the other, each until it is at the head; or all at once. */
  async join({ count, atOnce, ...task }) {
    const from = performance.now()
    const one = async () => {
      const reader = read(task)
      await reader.over
      reader.leave()
      return reader
    }
    const all = []
    if (atOnce) all.push(...(await Promise.all(Array.from({ length: count }, one))))
    else for (let at = 0; at < count; at++) all.push(await one())
    const took = all.map(({ tookMs }) => tookMs)
    return {
      wallMs: performance.now() - from,
      bytes: all[0].bytes,
      p50: quantile(took, 0.5),
      p99: quantile(took, 0.99),
    }
  },
}
process.on('message', ({ do: name, ...task }) => void tasks[name](task).then((answer) => process.send(answer)))
process.on('disconnect', () => process.exit())
