/** The bytes, unzipped when they are gzip: told by their first two bytes, not by a name. */
export async function* unzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = bytes[Symbol.asyncIterator]()
  let head: Uint8Array = new Uint8Array()
  try {
    while (head.length < 2) {
      const next = await iterator.next()
      if (next.done === true) break
      head = Buffer.concat([head, next.value])
    }
    const whole = joined(head, iterator)
    yield* head[0] === 0x1f && head[1] === 0x8b ? gunzip(whole) : whole
  } finally {
    await iterator.return?.()
  }
}

async function* joined(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

async function* gunzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const [{ Readable }, { constants, createGunzip }] = await Promise.all([import('node:stream'), import('node:zlib')])
  // A file that was cut gives what can be read of it; the stream inside then says itself that it is broken.
  const stream = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH })
  const compressed = Readable.from(bytes)
  compressed.on('error', (error) => stream.destroy(error))
  try {
    yield* compressed.pipe(stream)
  } finally {
    compressed.destroy()
    stream.destroy()
  }
}
