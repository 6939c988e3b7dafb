import {
  isStreamError,
  mergeChunk,
  reasoningOf,
  toChatCompletion,
  toolCallsOf,
  textOf,
  type ChatCompletionChunk,
} from '@deltawire/core'
import { estimateTokens } from '@deltawire/node'
import { RecordedBreak } from '../recording/read-recording.ts'
import type { Sample } from './sample.ts'

/** Notes what happens in one answer, and when. */
export interface Sampler {
  headers(atMs: number): void
  bytes(atMs: number): void
  chunk(atMs: number, chunk: ChatCompletionChunk): void
  end(atMs: number, error?: unknown): Sample
}

export function createSampler(): Sampler {
  const times: {
    -readonly [K in 'firstByteMs' | 'firstChunkMs' | 'firstContentMs' | 'firstReasoningMs' | 'headersMs']?: number
  } = {}
  const tokenTimesMs: number[] = []
  let chunks = 0
  let sum: ChatCompletionChunk | undefined

  return {
    headers(atMs) {
      times.headersMs ??= atMs
    },
    bytes(atMs) {
      times.firstByteMs ??= atMs
    },
    chunk(atMs, chunk) {
      chunks += 1
      times.firstChunkMs ??= atMs
      const hasThought = chunk.choices.some(({ delta }) => reasoningOf(delta) !== '')
      const hasContent = chunk.choices.some(({ delta }) => hasAnswer(delta))
      if (hasThought) times.firstReasoningMs ??= atMs
      if (hasContent) times.firstContentMs ??= atMs
      if (hasThought || hasContent) tokenTimesMs.push(atMs)
      sum = mergeChunk(sum, chunk)
    },
    end(atMs, error) {
      const completion = sum === undefined || sum.choices.length === 0 ? undefined : toChatCompletion(sum)
      const usage = completion?.usage ?? undefined
      const texts = completion?.choices.map((choice) => textOf(choice) + reasoningOf(choice)) ?? []
      const calls = toolCallsOf(completion).map(({ name, text }) => `${name} ${text}`)
      const guess = [...texts, ...calls].reduce((count, text) => count + estimateTokens(text), 0)
      return {
        ...times,
        tokenTimesMs,
        totalMs: atMs,
        chunks,
        tokens: usage?.completion_tokens ?? guess,
        isEstimated: usage === undefined,
        ...(usage !== undefined && { usage }),
        ...(error !== undefined && { error: nameOf(error) }),
      }
    },
  }
}

function hasAnswer(delta: ChatCompletionChunk['choices'][number]['delta']): boolean {
  return (
    textOf(delta) !== '' || Boolean(delta.refusal) || Boolean(delta.tool_calls?.length) || Boolean(delta.function_call)
  )
}

function nameOf(error: unknown): string {
  if (isStreamError(error)) return error.code === 'http_status' ? `http_${error.details.status}` : error.code
  return error instanceof RecordedBreak ? 'connection_lost' : error instanceof Error ? error.message : 'unknown'
}
