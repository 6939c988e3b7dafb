import { type ChatCompletionChunk, encodeChunk, encodeDone, mergeChunk } from '@deltawire/core'
import { type Recording, toRecording } from '@deltawire/cli/mock'
import { randomNumbers } from '@deltawire/testkit'

/** What a model says, and what is to be had of it at each offset. */
export interface Truth {
  /** The model that says it. */
  readonly name: string
  /** How many chunks it has. */
  readonly length: number
  readonly recording: Recording
  /** What somebody has who has the first `offset` chunks. */
  at(offset: number): string
}

const PIECES = [' wave', ' ß', ' \u{1F600}', '\uD83D', '\uDE00', '\n\n', ' "', '{', ' \\u', ' 中文', ' token', ' of']

/**
 * Makes an answer with text, halves of characters and a tool call, the same for the same seed. Each chunk has a place in
 * the text of its own, so that none can be missing, doubled or moved without being seen.
 */
export async function createTruth(seed: number, length: number): Promise<Truth> {
  const name = `truth-${seed}`
  const random = randomNumbers(seed)
  const pick = (): string => PIECES[Math.floor(random() * PIECES.length)] ?? ''
  const chunks = Array.from({ length }, (_, at): ChatCompletionChunk => {
    const isLast = at === length - 1
    const delta: ChatCompletionChunk['choices'][number]['delta'] = {}
    if (at === 0) delta.role = 'assistant'
    if (random() < 0.8 || at === 0) delta.content = `${pick()}${at}`
    else delta.tool_calls = [{ index: 0, function: { arguments: `${pick()}${at}` } }]
    if (at === Math.floor(length / 2))
      delta.tool_calls = [{ index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '' } }]
    return {
      id: name,
      object: 'chat.completion.chunk',
      created: 7,
      model: name,
      choices: [{ index: 0, delta, finish_reason: isLast ? 'stop' : null }],
    }
  })
  const events = [...chunks.map(encodeChunk), encodeDone()].join('')
  const prefixes = prefixesOf(chunks)
  return {
    name,
    length,
    recording: await toRecording(name, new TextEncoder().encode(events)),
    at: (offset) => prefixes[offset] ?? `nothing is at ${offset}`,
  }
}

/** What somebody has who has so many of these chunks: nothing, one, two, … all. */
export function prefixesOf(chunks: readonly ChatCompletionChunk[]): string[] {
  let sum: ChatCompletionChunk | undefined
  const prefixes = [contentOf(undefined)]
  for (const chunk of chunks) {
    sum = mergeChunk(sum, structuredClone(chunk))
    prefixes.push(contentOf(sum))
  }
  return prefixes
}

/** All that a reader is shown, in an order of its own. */
export function contentOf(sum: ChatCompletionChunk | undefined): string {
  const { delta, finish_reason: finish } = sum?.choices[0] ?? {}
  const calls = delta?.tool_calls?.map(({ index, id, function: called }) => [
    index,
    id,
    called?.name,
    called?.arguments,
  ])
  return JSON.stringify([delta?.content ?? '', calls ?? [], finish ?? ''])
}
