import type { Redis } from 'ioredis'

/** How long an answer may take, or a connection. */
const PATIENCE_MS = 1500
/** How long a connection may be silent on which somebody waits for an answer. */
const SILENCE_MS = 2500

/**
 * Does something after a while, when all has been read that had come until then.
 *
 * A process that stood still finds its timers and its data at once, and timers come first: a store that had answered long
 * ago would be given up. One more turn of the loop reads what is there.
 */
function afterReading(ms: number, then: () => void): { cancel(): void } {
  const timer = setTimeout(() => setImmediate(then), ms)
  return { cancel: () => clearTimeout(timer) }
}

/** What was asked on a connection, or a rejection when the answer takes too long. A connection that is silent then is ended. */
export function inTime<T>(redis: Redis, answer: Promise<T>): Promise<T> {
  const { stream } = redis
  const { bytesRead } = stream
  return new Promise((resolve, reject) => {
    const late = afterReading(PATIENCE_MS, () => {
      reject(new Error(`no answer for ${PATIENCE_MS} ms`))
      if (stream.bytesRead === bytesRead) endSilent(redis, SILENCE_MS - PATIENCE_MS)
    })
    answer.then(
      (value) => {
        late.cancel()
        resolve(value)
      },
      // A client of Redis rejects with nothing else.
      (reason: Error) => {
        late.cancel()
        reject(reason)
      },
    )
  })
}

const watched = new WeakSet<Redis['stream']>()

/** Ends a connection on which nothing comes for so long from now on. One that ends itself meanwhile needs nothing. */
export function endSilent({ stream }: Redis, ms = SILENCE_MS): void {
  if (watched.has(stream)) return
  watched.add(stream)
  const { bytesRead } = stream
  const end = afterReading(ms, () => {
    watched.delete(stream)
    stream.off('close', end.cancel)
    if (stream.bytesRead === bytesRead) stream.destroy(new Error(`nothing came for ${SILENCE_MS} ms`))
  })
  stream.once('close', end.cancel)
}

/** Waits for a connection that may be used. @returns whether it came in time */
export function readyInTime(redis: Redis): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (): void => {
      late.cancel()
      redis.off('ready', done)
      resolve(redis.status === 'ready')
    }
    const late = afterReading(PATIENCE_MS, done)
    redis.on('ready', done)
  })
}
