// Readers of any server, over bare sockets, in a process of their own: their work is not the server's.
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { quantile, sharedNow } from './figures.mjs'
import { answerWith } from './program.mjs'

/** A masked text frame of a client. The mask is zero: it is there for proxies, of which there are none. */
function frame(text) {
  const body = Buffer.from(text)
  const head = body.length < 126 ? [0x81, 0x80 | body.length] : [0x81, 0xfe, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), body])
}

const paths = { relay: '/v1/socket', 'socket.io': '/socket.io/?EIO=4&transport=websocket' }
const KEY = randomBytes(16).toString('base64')
const upgradeTo = (kind) =>
  Buffer.from(
    `GET ${paths[kind] ?? '/'} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: deltawire.v1\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`,
  )

/** What a reader says when it is let in. */
const greetings = {
  relay: ({ stream, from, ack }) =>
    Buffer.concat([
      frame(JSON.stringify({ t: 'hello', ...(ack && { ack }) })),
      frame(JSON.stringify({ t: 'sub', id: '1', s: stream, ...(from && { from }) })),
    ]),
  ws: ({ from }) => from && frame(JSON.stringify({ from })),
  'socket.io': () => frame('40'),
}
/** What shows that it will get what comes. */
const isIn = { relay: '"t":"ok"', 'socket.io': '40{' }
/** Is answered, or a server takes the reader for dead. A length that looks like it is answered too, which does no harm. */
const PING = Buffer.from([0x89, 0])
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0])
/** The last delta of what is played. */
const LAST = 'END!'

/** Counts the text of what a server sends, as its acknowledgements do: it is ASCII here. Frames may be cut anywhere. */
function createMeter() {
  let header = []
  let left = 0
  let length = 0
  return (data) => {
    for (let at = 0; at < data.length;) {
      if (left === 0) {
        header.push(data[at++])
        const [, short] = header
        if (header.length < 2 || header.length < 2 + (short === 126 ? 2 : short === 127 ? 8 : 0)) continue
        left = short < 126 ? short : header.slice(2).reduce((sum, byte) => sum * 256 + byte, 0)
        header = []
      }
      const taken = Math.min(left, data.length - at)
      length += taken
      left -= taken
      at += taken
    }
    return length
  }
}

/** How much is read until it is acknowledged: half of the window. */
const ACK_LENGTH = 8192

/** One reader. `ready`: it is let in. `until()`: it has seen the last delta. */
function read(task, plan, said) {
  const { kind, port, isTimed = false, ack = false } = task
  const began = performance.now()
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let step = 'upgrade'
  let rest = ''
  let last = Buffer.alloc(0)
  let atLast = () => {}
  let atFailure = () => {}
  const measure = createMeter()
  let acknowledged = 0
  const reader = {
    bytes: 0,
    /** What was seen when, by offset. */
    seen: [],
    tookMs: 0,
    /** When the last delta was seen. */
    at: 0,
    until: () =>
      new Promise((resolve, reject) => {
        atLast = resolve
        atFailure = reject
      }),
    leave: () => socket.destroy(),
  }
  reader.ready = new Promise((ready, failed) => {
    socket.on('connect', () => socket.write(plan))
    socket.on('error', failed)
    socket.on('close', () => {
      failed(new Error('closed before it was let in'))
      atFailure(new Error(`closed by the server: ${last.subarray(-100).toString('latin1')}`))
    })
    socket.on('data', (data) => {
      last = data
      reader.bytes += data.length
      if (data.includes(PING)) socket.write(PONG)
      if (step !== 'in') {
        rest += data.latin1Slice()
        if (step === 'upgrade') {
          const end = rest.indexOf('\r\n\r\n')
          if (end < 0) return
          if (!rest.startsWith('HTTP/1.1 101')) return failed(new Error(rest.slice(0, 100)))
          reader.bytes = rest.length - end - 4
          if (said !== undefined) socket.write(said)
          step = 'greeting'
          rest = rest.slice(end + 4)
        }
        if (isIn[kind] !== undefined && !rest.includes(isIn[kind])) return
        step = 'in'
        data = Buffer.from(rest, 'latin1')
        ready()
      }
      if (ack) {
        const length = measure(data)
        if (length - acknowledged > ACK_LENGTH) {
          acknowledged = length
          socket.write(frame(JSON.stringify({ t: 'ack', b: length })))
        }
      }
      if (isTimed) {
        const frames = [...data.latin1Slice().matchAll(/"o":(\d+)/g)]
        // Several frames may come together: they share what has come.
        for (const [, o] of frames) reader.seen.push([Number(o), sharedNow(), data.length / frames.length])
      }
      if (data.includes(LAST)) {
        reader.tookMs = performance.now() - began
        reader.at = sharedNow()
        atLast()
      }
    })
  })
  return reader
}

const readerOf = (task) => read(task, upgradeTo(task.kind), greetings[task.kind]?.(task))
let all = []

answerWith({
  begin: () => ({}),
  /** Lets in readers who stay. @param timed how many of them note when they see what, spread over all */
  async follow({ count, timed = 0, ...task }) {
    for (let at = 0; at < count; at += 250) {
      const isTimed = (n) => timed > 0 && n % Math.ceil(count / timed) === 0
      const some = Array.from({ length: Math.min(250, count - at) }, (_, n) =>
        readerOf({ ...task, isTimed: isTimed(at + n) }),
      )
      all.push(...some)
      await Promise.all(some.map(({ ready }) => ready))
    }
  },
  /** Waits until all have seen the last delta. */
  async until() {
    for (const reader of all) {
      reader.bytes = 0
      reader.seen = []
    }
    await Promise.all(all.map((reader) => reader.until()))
    return {
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      seen: all.flatMap(({ seen }) => seen),
      at: all.map(({ at }) => at),
    }
  },
  /** One reader after the other, each until it is at the head; or all at once. */
  async join({ count, atOnce, ...task }) {
    const { user, system } = process.cpuUsage()
    const began = performance.now()
    const one = async () => {
      const reader = readerOf(task)
      await reader.until()
      reader.leave()
      return reader
    }
    const joined = []
    if (atOnce) joined.push(...(await Promise.all(Array.from({ length: count }, one))))
    else for (let at = 0; at < count; at++) joined.push(await one())
    const took = joined.map(({ tookMs }) => tookMs)
    const wallMs = performance.now() - began
    const after = process.cpuUsage()
    return {
      wallMs,
      bytes: joined[0].bytes,
      p50: quantile(took, 0.5),
      p99: quantile(took, 0.99),
      cpuUs: (after.user + after.system - user - system) / count,
    }
  },
  leave() {
    for (const { leave } of all) leave()
    all = []
  },
})
