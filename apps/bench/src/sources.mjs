// Ways in which the same reads reach a reader.

/** The network's cuts, in bytes; 0 is one event per read. */
export const CUTS = { event: 0, '7b': 7, '16k': 16 * 1024, '64k': 64 * 1024 }

export const CUT_NAMES = {
  event: 'one event per read',
  '7b': '7-byte reads',
  '16k': '16 KB reads',
  '64k': '64 KB reads',
}

/** A response over reads that lie ready, given one by one as a socket gives them. */
export function responseOf(list) {
  const iterator = list[Symbol.iterator]()
  const body = new ReadableStream({
    pull(controller) {
      const { done, value } = iterator.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

/** The same reads as an iterable of bytes, which costs next to nothing: what a socket or a file is without web streams. */
export function bytesOf(list) {
  const iterator = list[Symbol.iterator]()
  return {
    next: async () => iterator.next(),
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** The reader of either. */
export const readerOf = (source) =>
  source instanceof Response ? source.body.getReader() : { read: () => source.next(), cancel: async () => {} }

/** Repeats the middle of a stream, so that a million chunks need no gigabyte of memory to be measured. */
export function* repeated(head, block, times, tail) {
  yield* head
  for (let i = 0; i < times; i++) yield* block
  yield* tail
}

const encoder = new TextEncoder()

export const DONE = 'data: [DONE]\n\n'

/** The bytes of events as a server sends them, cut into reads of `size` bytes; one event per read with `0`. */
export function* cut(events, size) {
  if (size === 0) {
    for (const event of events) yield encoder.encode(event)
    return
  }
  let rest = new Uint8Array(0)
  let text = ''
  function* given() {
    const bytes = encoder.encode(text)
    text = ''
    const all = new Uint8Array(rest.length + bytes.length)
    all.set(rest)
    all.set(bytes, rest.length)
    let at = 0
    // Copies, for each read of a socket has its own memory.
    for (; at + size <= all.length; at += size) yield all.slice(at, at + size)
    rest = all.slice(at)
  }
  for (const event of events) {
    text += event
    if (text.length > 1 << 18) yield* given()
  }
  yield* given()
  if (rest.length > 0) yield rest
}
