/** Bytes of a body as a network might deliver them: cut where it likes. */

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Pieces between the given positions; positions outside the bytes and repeated ones cut nothing. */
export function cutAt(bytes: Uint8Array, positions: Iterable<number>): Uint8Array[] {
  const inside = [...new Set(positions)].filter((at) => at > 0 && at < bytes.length).toSorted((a, b) => a - b)
  return [0, ...inside].map((start, piece) => bytes.subarray(start, inside[piece]))
}

export function cutEvery(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, piece) =>
    bytes.subarray(piece * size, (piece + 1) * size),
  )
}

/** Pieces of very different lengths, from single bytes to a fifth of the body; equal for equal seeds. */
export function cutRandomly(bytes: Uint8Array, seed: number): Uint8Array[] {
  const random = randomNumbers(seed)
  const positions: number[] = []
  for (let at = 0; at < bytes.length;) {
    const longest = random() < 0.5 ? 20 : Math.max(20, bytes.length / 5)
    at += 1 + Math.floor(random() * longest)
    positions.push(at)
  }
  return cutAt(bytes, positions)
}

/** Numbers from 0 to 1, equal for equal seeds (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What happens after the pieces, and what the reader did: for tests that look at cancelling and failing. */
export interface Delivery {
  /** Thrown after the last piece. */
  failure?: unknown
  /** Nothing more comes after the last piece, and the source does not end either. */
  staysOpen?: boolean
  /** Called once when the reader leaves before the end. */
  onCancel?: () => void
  /** Called before each piece is handed out. */
  onPull?: () => void
}

const forever = new Promise<never>(() => {})

export async function* iterableOf(pieces: Iterable<Uint8Array>, delivery: Delivery = {}): AsyncGenerator<Uint8Array> {
  let left = true
  try {
    for (const piece of pieces) {
      delivery.onPull?.()
      yield piece
    }
    if (delivery.staysOpen === true) await forever
    left = false
    if ('failure' in delivery) throw delivery.failure
  } finally {
    if (left) delivery.onCancel?.()
  }
}

export function streamOf(pieces: Iterable<Uint8Array>, delivery: Delivery = {}): ReadableStream<Uint8Array> {
  const remaining = pieces[Symbol.iterator]()
  return new ReadableStream(
    {
      pull(controller) {
        const next = remaining.next()
        if (next.done !== true) {
          delivery.onPull?.()
          controller.enqueue(next.value)
        } else if (delivery.staysOpen === true) {
          return forever
        } else if ('failure' in delivery) {
          controller.error(delivery.failure)
        } else {
          controller.close()
        }
        return undefined
      },
      cancel() {
        delivery.onCancel?.()
      },
    },
    // Nothing is read ahead: what the reader has not asked for has not left the source.
    { highWaterMark: 0 },
  )
}

export function responseOf(pieces: Iterable<Uint8Array>, init: ResponseInit = {}, delivery: Delivery = {}): Response {
  const headers = new Headers(init.headers)
  if (!headers.has('content-type')) headers.set('content-type', 'text/event-stream')
  return new Response(streamOf(pieces, delivery), { ...init, headers })
}
