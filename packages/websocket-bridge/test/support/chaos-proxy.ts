import { connect, createServer, type Socket } from 'node:net'
import { createCommandCounter, errorCommand } from './redis-commands.ts'

/** Stands between somebody and a server, and breaks what a network breaks. "Back" is from the server. */
export interface ChaosProxy {
  readonly port: number
  /** Ends all connections, in the middle of whatever they carry. */
  cut(): void
  /** Ends each connection from now on after so many bytes have come back. */
  cutAfter(bytes: number): void
  /** Carries nothing any more, and keeps the connections: a cable that was pulled. */
  swallow(): void
  /** Carries nothing any more on the connections that there are, and keeps them; new ones are carried. */
  strand(): void
  /** Loses answers: what is asked arrives. */
  swallowAnswers(): void
  /** Holds what comes back, until {@link ChaosProxy.mend}: a reader that stands still. */
  hold(): void
  /** Lets what comes back be so late. */
  delay(ms: number): void
  /** Carries what comes back in pieces of so many bytes. */
  split(bytes: number): void
  /** Collects what comes back until there is so much of it, or the end: a proxy that buffers. */
  gather(bytes: number): void
  /** Before a Redis: lets each command be answered with this error. */
  refuse(error: string): void
  /** Leads to another port from now on. */
  leadTo(port: number): void
  /** Carries again as it should, and ends the connections that have lost something. */
  mend(): void
  close(): Promise<void>
}

interface Pair {
  readonly near: Socket
  readonly far: Socket
}

export async function startChaosProxy(port: number): Promise<ChaosProxy> {
  const pairs = new Set<Pair>()
  const stranded = new Set<Pair>()
  let target = port
  let loses: 'all' | 'answers' | undefined
  let isHolding = false
  let delayMs = 0
  let pieceBytes = Infinity
  let budget = Infinity
  let gatherBytes = 0
  let refusal: string | undefined

  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    const pair: Pair = { near, far }
    pairs.add(pair)
    let left = budget
    const end = (): void => {
      pairs.delete(pair)
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) socket.setNoDelay().on('error', end).on('close', end)
    let count: ReturnType<typeof createCommandCounter> | undefined
    near.on('data', (data: Buffer) => {
      if (refusal === undefined) count = undefined
      else count ??= createCommandCounter()
      if (loses !== 'all' && !stranded.has(pair))
        far.write(refusal && count ? errorCommand(refusal).repeat(count(data)) : data)
    })
    if (isHolding) far.pause()
    const gathered: Buffer[] = []
    const release = (): void => void near.write(Buffer.concat(gathered.splice(0)))
    far.on('end', release)
    far.on('data', (data: Buffer) => {
      if (loses !== undefined || stranded.has(pair)) return
      const part = data.subarray(0, Math.max(0, left))
      left -= data.length
      const carry = (): void => {
        if (gatherBytes > 0) {
          gathered.push(part)
          if (Buffer.concat(gathered).length >= gatherBytes) release()
          return
        }
        for (let at = 0; at < part.length; at += pieceBytes) near.write(part.subarray(at, at + pieceBytes))
        // What was written goes out before the end.
        if (left < 0) near.end(() => end())
      }
      if (delayMs > 0) setTimeout(carry, delayMs)
      else carry()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a listening server has a port')

  function cut(): void {
    for (const { near, far } of pairs) {
      near.destroy()
      far.destroy()
    }
  }

  return {
    port: address.port,
    cut,
    cutAfter(bytes) {
      budget = bytes
    },
    swallow() {
      loses = 'all'
    },
    strand() {
      for (const pair of pairs) stranded.add(pair)
    },
    swallowAnswers() {
      loses = 'answers'
    },
    hold() {
      isHolding = true
      for (const { far } of pairs) far.pause()
    },
    delay(ms) {
      delayMs = ms
    },
    split(bytes) {
      pieceBytes = bytes
    },
    gather(bytes) {
      gatherBytes = bytes
    },
    refuse(error) {
      refusal = error
    },
    leadTo(other) {
      target = other
    },
    mend() {
      if (loses !== undefined) cut()
      loses = refusal = undefined
      isHolding = false
      delayMs = gatherBytes = 0
      pieceBytes = budget = Infinity
      for (const { far } of pairs) far.resume()
    },
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
