import { usageError } from '../arguments/usage-error.ts'

/** The bytes of a stream: unzipped, and in UTF-8. */
export function plain(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return inUtf8(unzip(bytes))
}

/** The bytes, unzipped when they are gzip: told by their first two bytes, not by a name. */
async function* unzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const { first, whole } = await peek(bytes)
  yield* first === 0x1f8b ? gunzip(whole) : whole
}

/** The bytes in UTF-8, when a byte order mark says that they are UTF-16: what `>` of a PowerShell writes. */
async function* inUtf8(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const { first, whole } = await peek(bytes)
  const encoding = encodings[first]
  yield* encoding === undefined ? whole : transcoded(whole, encoding)
}

const encodings: { readonly [mark: number]: string } = { 0xfffe: 'utf-16le', 0xfeff: 'utf-16be' }

/** The first two bytes as a number, and all of them. */
async function peek(bytes: AsyncIterable<Uint8Array>) {
  const iterator = bytes[Symbol.asyncIterator]()
  let head: Uint8Array = new Uint8Array()
  while (head.length < 2) {
    const next = await iterator.next()
    if (next.done === true) break
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value])
  }
  const [first = 0, second = 0] = head
  return { first: first * 256 + second, whole: joined(head, iterator) }
}

async function* joined(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

async function* transcoded(bytes: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(encoding)
  for await (const piece of bytes) yield Buffer.from(decoder.decode(piece, { stream: true }))
  yield Buffer.from(decoder.decode())
}

async function* gunzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const [{ Readable }, { constants, createGunzip }] = await Promise.all([import('node:stream'), import('node:zlib')])
  // A file that was cut gives what can be read of it; the stream inside then says itself that it is broken.
  const stream = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH })
  const compressed = Readable.from(bytes)
  compressed.on('error', (error) => stream.destroy(error))
  try {
    yield* compressed.pipe(stream)
  } catch (error) {
    throw isDamage(error) ? usageError(`this begins as gzip, and cannot be unzipped: ${error.message}`) : error
  } finally {
    compressed.destroy()
    stream.destroy()
  }
}

function isDamage(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
}
