import { createDecoder, isStreamError } from '@deltawire/core'
import { readEvents } from '@deltawire/node'
import { RecordedBreak, type Capture } from '../recording/read-recording.ts'
import { createSampler } from './create-sampler.ts'
import type { Sample } from './sample.ts'

/** What a recording shows of one answer; `undefined` when it has no times. */
export async function sampleCapture({ head, reads }: Capture): Promise<Sample | undefined> {
  const sampler = createSampler()
  const decoder = createDecoder()
  if (head !== undefined) sampler.headers(head.response.t)
  let now = head?.response.t ?? 0
  let hasTimes = head !== undefined
  async function* timed() {
    for await (const { atMs, bytes } of reads) {
      hasTimes &&= atMs !== undefined
      now = atMs ?? now
      if (bytes.length > 0) sampler.bytes(now)
      yield bytes
    }
  }
  const status = head?.response.status ?? 200
  let error: unknown = status >= 200 && status <= 299 ? undefined : new Error(`http_${status}`)
  try {
    for await (const event of readEvents(timed())) {
      const decoded = decoder.push(event)
      for (const chunk of decoded.chunks) sampler.chunk(now, chunk)
      error ??= decoded.error
      if (decoded.done) break
    }
  } catch (reason) {
    if (!(reason instanceof RecordedBreak) && !isStreamError(reason)) throw reason
    error ??= reason
  }
  const rest = decoder.end()
  for (const chunk of rest.chunks) sampler.chunk(now, chunk)
  const sample = sampler.end(now, error ?? rest.error)
  if (!hasTimes) return undefined
  return sample
}
