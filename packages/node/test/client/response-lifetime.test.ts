import { accumulate } from '@deltawire/core'
import type { Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { readChunks } from '../../src/index.ts'
import { chunked, done, event, head, lastPiece, piece, serveBytes } from './byte-server.ts'
import { until } from './manual-time.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Begins to read a response that nobody but its reader holds. */
async function begin(signal?: AbortSignal) {
  let socket: Socket | undefined
  const server = await serveBytes((opened) => {
    socket = opened
    opened.write(head('200 OK', chunked) + piece(event({ content: 'Hel' })))
  })
  const fetched = await fetch(server.baseURL, { signal: signal ?? null })
  const response = new WeakRef(fetched)
  const chunks = readChunks(fetched)
  await chunks.next()
  return { server, response, chunks, socket }
}

/** The same, and the response has been collected. */
async function collected(signal?: AbortSignal) {
  const { response, ...rest } = await begin(signal)
  await until(() => {
    collect()
    return response.deref() === undefined
  })
  return rest
}

it('a response that is read and that nobody else holds is collected, which does not end its body', async () => {
  const { server, chunks, socket } = await collected()
  await using _ = server
  socket?.write(piece(event({ content: 'lo' }) + done) + lastPiece)
  const { completion, complete } = await accumulate(chunks)
  expect([completion?.choices[0]?.message.content, complete]).toEqual(['lo', true])
})

it('a response that was collected can still be aborted', async () => {
  const abort = new AbortController()
  const { server, chunks } = await collected(abort.signal)
  await using _ = server
  const reason = new Error('Enough')
  abort.abort(reason)
  await expect(chunks.next()).rejects.toBe(reason)
  await until(() => server.open === 0)
})
