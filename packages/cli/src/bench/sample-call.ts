import { isStreamError } from '@deltawire/core'
import { streamChatCompletion, type StreamRequest } from '@deltawire/node'
import type { Clock } from '../clock.ts'
import type { Endpoint } from '../endpoint.ts'
import { abortable } from '../source/abortable.ts'
import { createSampler } from './create-sampler.ts'
import type { Sample } from './sample.ts'

export interface CallOptions {
  readonly endpoint: Endpoint
  readonly clock: Clock
  readonly fetch: typeof fetch
  readonly signal: AbortSignal
}

/** Asks once, and measures what comes. A failure is a sample, too. */
export async function sampleCall(
  request: StreamRequest,
  { endpoint, clock, fetch, signal }: CallOptions,
): Promise<Sample> {
  const sampler = createSampler()
  const sentAt = clock.now()
  const elapsed = () => clock.now() - sentAt
  const watching: typeof fetch = async (input, init) => {
    const response = await (endpoint.fetch ?? fetch)(input, init)
    sampler.headers(elapsed())
    const body = response.body?.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(piece, controller) {
          sampler.bytes(elapsed())
          controller.enqueue(piece)
        },
      }),
    )
    return new Response(body ?? null, { status: response.status, headers: response.headers })
  }
  // A failure is a result: nothing is tried again.
  const chunks = streamChatCompletion(request, { ...endpoint, fetch: watching, maxRetries: 0 })
  try {
    for await (const chunk of abortable(chunks, signal)) sampler.chunk(elapsed(), chunk)
  } catch (error) {
    // What is neither the server's nor the network's is ours, and no figure.
    if (signal.aborted || !isStreamError(error)) throw error
    return sampler.end(elapsed(), error)
  }
  return sampler.end(elapsed())
}
