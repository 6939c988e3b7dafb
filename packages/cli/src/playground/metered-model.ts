import type { ChatCompletionChunk, ChatCompletionRequest } from '@deltawire/core'
import { ApiError, createChatHandler, type FetchHandler, streamChatCompletion } from '@deltawire/node'
import type { Clock } from '../clock.ts'
import { demoAnswer } from './demo-answer.ts'

/** The ways by which an answer reaches the page. */
export const laneNames = ['direct', 'backend', 'relay'] as const
export type LaneName = (typeof laneNames)[number]

/** What the model is doing for a lane. */
export interface Meter {
  /** Answers that are being written now. */
  readonly generating: number
  /** Requests so far. */
  readonly requests: number
  /** Chunks written so far: what a provider would bill. */
  readonly chunks: number
}

export interface MeteredModel {
  /** The model as an OpenAI-compatible endpoint. */
  readonly handler: FetchHandler
  readonly meters: Readonly<Record<LaneName, Meter>>
  /** Answers the next request of each lane with 429 once. */
  refuseOnce(): void
  /** A part of an answer again, from its chunk number `offset` on. `undefined` where the model cannot do that. */
  goOn(
    request: ChatCompletionRequest,
    offset: number,
    signal: AbortSignal,
  ): AsyncIterable<ChatCompletionChunk> | undefined
}

export interface MeteredModelOptions {
  readonly clock: Clock
  /** Answers come from there, and not from the script. */
  readonly endpoint?: { readonly baseURL: string; readonly apiKey: string; readonly model: string } | undefined
}

/** The pace when a request names none, in chunks per second. */
const usualPace = 60

/**
 * A model that can be watched: whether it writes, for whom, and how much.
 *
 * The page names its lane and its pace in the `metadata` of the request.
 */
export function createMeteredModel({ clock, endpoint }: MeteredModelOptions): MeteredModel {
  const meters = { direct: newMeter(), backend: newMeter(), relay: newMeter() }
  const refused = new Set<LaneName>()
  const script = demoAnswer()

  async function* metered(lane: LaneName, chunks: AsyncIterable<ChatCompletionChunk>) {
    const meter = meters[lane]
    meter.generating += 1
    try {
      for await (const chunk of chunks) {
        meter.chunks += 1
        yield chunk
      }
    } finally {
      meter.generating -= 1
    }
  }

  /** A timer does not tick a thousand times a second: what is due is written at once. */
  async function* written(request: ChatCompletionRequest, offset: number, signal: AbortSignal) {
    const pace = paceOf(request)
    const begin = clock.now()
    for (const [at, chunk] of script.slice(offset).entries()) {
      const dueIn = begin + (at * 1000) / pace - clock.now()
      if (dueIn > 0) await clock.sleep(dueIn, signal)
      if (signal.aborted) return
      yield chunk
    }
  }

  const handler = createChatHandler({
    cors: true,
    open(request, { signal }) {
      const lane = laneOf(request)
      meters[lane].requests += 1
      if (refused.delete(lane)) {
        const headers = { 'retry-after': '1' }
        throw new ApiError(429, { message: 'Too many questions.', code: 'rate_limited', headers })
      }
      if (endpoint === undefined) return metered(lane, written(request, 0, signal))
      // Who pays decides what is asked: the page's words, and nothing else of its request.
      const question = { messages: request.messages, model: endpoint.model }
      return metered(lane, streamChatCompletion(question, { ...endpoint, signal }))
    },
  })

  return {
    handler,
    meters,
    refuseOnce() {
      for (const lane of laneNames) refused.add(lane)
    },
    goOn(request, offset, signal) {
      if (endpoint !== undefined) return undefined
      return metered(laneOf(request), written(request, offset, signal))
    },
  }
}

function newMeter() {
  return { generating: 0, requests: 0, chunks: 0 }
}

function laneOf({ metadata }: ChatCompletionRequest): LaneName {
  const name = metadata?.['lane']
  return laneNames.find((lane) => lane === name) ?? 'direct'
}

function paceOf({ metadata }: ChatCompletionRequest): number {
  const pace = Number(metadata?.['pace'])
  return pace >= 1 && pace <= 100_000 ? pace : usualPace
}
