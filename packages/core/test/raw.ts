import { type ChatCompletionChunk, createNormalizer, mergeChunk, type NormalizeOptions } from '../src/index.ts'

type Obj = Record<string, unknown>

/** A chunk as an official server sends it, with one choice. */
export function rawChunk(delta: unknown, finishReason: unknown = null, choice: Obj = {}): Obj {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_750_000_000,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finishReason, ...choice }],
  }
}

/** A chunk of one choice, as normalizing gives it. */
export function chunkOf(
  delta: ChatCompletionChunk['choices'][number]['delta'],
  choice: Partial<ChatCompletionChunk['choices'][number]> = {},
): ChatCompletionChunk {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_750_000_000,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: null, ...choice }],
  }
}

/** What a stream of raw chunks is normalized to, with what was held back to the end. */
export function normalized(raw: readonly unknown[], options: NormalizeOptions = {}): ChatCompletionChunk[] {
  const normalizer = createNormalizer(options)
  const chunks = raw.map((chunk) => normalizer.normalize(chunk))
  return [...chunks, normalizer.end()].filter((chunk) => chunk !== undefined)
}

/** The sum of chunks that are only read; the sum is the caller's to change. */
export function sumOf(chunks: readonly ChatCompletionChunk[]): ChatCompletionChunk {
  let sum: ChatCompletionChunk | undefined
  for (const chunk of chunks) sum = mergeChunk(sum, chunk)
  if (sum === undefined) throw new Error('There is nothing to sum')
  return sum
}

/** A text in pieces, cut at the given positions. */
export function cutText(text: string, positions: readonly number[]): string[] {
  const inside = [...new Set(positions)].filter((at) => at > 0 && at < text.length).toSorted((a, b) => a - b)
  return [0, ...inside].map((start, piece) => text.slice(start, inside[piece]))
}

export function overTheWire<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
