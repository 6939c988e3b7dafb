import type { ChatCompletionChunk, ChunkChoice } from '../chunk.ts'
import type { ChatCompletion, ChatCompletionChoice } from '../completion.ts'
import { ENVELOPE } from '../normalize/answer-length.ts'
import { cutBy, type Cut, type CutBy } from './cut-text.ts'
import { omit, pick } from '../pick.ts'
import { splitMessage } from './split-message.ts'

/** How a finished answer is cut into chunks. */
export interface SplitOptions {
  /**
   * How texts are cut: into characters, into words, into pieces of so many characters, or by a function that returns all
   * of its text in pieces. A character is never cut, whatever the number; Chinese and Japanese ones count as words.
   *
   * @defaultValue `'word'`, which looks most like a model
   */
  by?: CutBy | undefined
}

/**
 * The chunks that a server would have streamed for a finished answer, in the official order.
 *
 * Whatever the completion holds, `accumulate(splitCompletion(completion))` gives it back, also the keys that no type
 * names. Texts and arguments are cut; lists and what a provider has added come whole. Several choices come in turns. A
 * choice without a finish reason is left open. The chunks share what is not cut with the completion.
 *
 * @throws TypeError when `by` is none of the above
 */
export function splitCompletion(
  completion: ChatCompletion,
  { by = 'word' }: SplitOptions = {},
): Generator<ChatCompletionChunk, void, undefined> {
  // Not a generator itself, so that a wrong call throws here and not where the chunks are read.
  return chunksOf(completion, cutBy(by))
}

function* chunksOf(completion: ChatCompletion, cut: Cut): Generator<ChatCompletionChunk, void, undefined> {
  const { choices } = completion
  /** What comes in chunks of its own, after all choices. */
  const apart = (['moderation', 'usage'] as const).filter((key) => completion[key] ?? false)
  const common = {
    ...pick(completion, [...ENVELOPE]),
    object: 'chat.completion.chunk',
    // Official servers that are going to tell the usage say so in every chunk.
    ...(apart.includes('usage') && { usage: null }),
  }
  /** What a provider has added: with the first chunk. */
  let extras = omit(completion, [...ENVELOPE, ...apart])

  function chunk(part: Partial<ChatCompletionChunk>): ChatCompletionChunk {
    // What is taken over from the completion has the same type in a chunk.
    const made = { ...common, choices: [], ...part, ...extras } as unknown as ChatCompletionChunk
    extras = {}
    return made
  }

  for (const choice of inTurns(choices.map((each) => splitChoice(each, cut)))) yield chunk({ choices: [choice] })
  for (const key of apart) yield chunk({ [key]: completion[key] })
  if (choices.length + apart.length === 0) yield chunk({})
}

function* splitChoice(choice: ChatCompletionChoice, cut: Cut): Generator<ChunkChoice, void, undefined> {
  const { index, message, finish_reason, logprobs } = choice
  const common = { index, ...(logprobs !== undefined && { logprobs: null }) }
  let extras = omit(choice, ['index', 'message', 'finish_reason'])
  for (const delta of splitMessage(message, cut)) {
    yield { ...common, ...extras, delta, finish_reason: null }
    extras = {}
  }
  if (finish_reason) yield { ...common, delta: {}, finish_reason }
}

/** What several have to give, one item of each at a time. */
function* inTurns<T>(sources: readonly Iterator<T, void, undefined>[]): Generator<T, void, undefined> {
  let open = sources
  while (open.length > 0) {
    const left: Iterator<T, void, undefined>[] = []
    for (const source of open) {
      const next = source.next()
      if (next.done === true) continue
      yield next.value
      left.push(source)
    }
    open = left
  }
}
