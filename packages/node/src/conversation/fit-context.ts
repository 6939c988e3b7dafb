import type { ChatCompletionRequest, RequestMessage } from '@deltawire/core'
import { type CountTokens, estimateTokens, frameTokens, messageTokens } from '../usage-estimate.ts'
import { ConversationError } from './conversation-error.ts'

/** How much may be sent. */
export interface ContextBudget {
  /**
   * How many tokens the model can hold, question and answer together.
   *
   * @defaultValue `Infinity`: nothing is dropped, and a server refuses what is too long
   */
  contextTokens?: number | undefined
  /**
   * How many of them are kept free for the answer.
   *
   * @defaultValue the request's `max_completion_tokens` or `max_tokens`, else a quarter of `contextTokens`, but no more
   *   than `4_096`
   */
  answerTokens?: number | undefined
}

/** What there is to send. */
export interface ContextParts {
  /** Sent first and whatever else is dropped: instructions, examples. */
  instructions?: readonly RequestMessage[] | undefined
  /** What was said before, oldest first. */
  history?: readonly RequestMessage[] | undefined
  /** What is said now. */
  question: readonly RequestMessage[]
  tools?: ChatCompletionRequest['tools']
}

/** The messages that fit, and those that did not. */
export interface FittedContext {
  /** What to send. */
  messages: RequestMessage[]
  /** What of the history is left out: its beginning. */
  dropped: RequestMessage[]
  /** What is sent, in tokens. */
  tokens: number
}

/**
 * Leaves out the beginning of a conversation until the rest fits.
 *
 * Whole turns are left out, each from one user message to the next: no answer stays without its question, and no result of
 * a tool without its call, which servers refuse. The last turn is the question, and stays.
 *
 * ```ts
 * const { messages, dropped } = fitContext({ history, question }, { contextTokens: 8_000 })
 * ```
 *
 * @throws ConversationError `context_too_long` when the question does not fit even alone
 */
export function fitContext(
  { instructions = [], history = [], question, tools }: ContextParts,
  budget: ContextBudget & { countTokens?: CountTokens | undefined } = {},
): FittedContext {
  const countTokens = checkedCount(budget.countTokens ?? estimateTokens)
  const limit = checkBudget(budget)
  const said = [...history, ...question]
  let tokens = frameTokens(tools, countTokens)
  for (const message of instructions) tokens += messageTokens(message, countTokens)
  // From the newest back: what will be left out need not be counted.
  let kept = said.length
  let turn = 0
  for (let at = said.length - 1; at >= 0; at -= 1) {
    const message = said[at] as RequestMessage
    turn += messageTokens(message, countTokens)
    if (message.role !== 'user' && at > 0) continue
    const isQuestion = kept === said.length
    if (tokens + turn > limit) {
      if (isQuestion) throw tooLong(tokens + turn, limit)
      break
    }
    tokens += turn
    turn = 0
    kept = at
  }
  // Instructions can be too long by themselves.
  if (tokens > limit) throw tooLong(tokens, limit)
  return { messages: [...instructions, ...said.slice(kept)], dropped: said.slice(0, kept), tokens }
}

/** How many tokens a prompt may have. */
export function checkBudget({ contextTokens = Infinity, answerTokens }: ContextBudget): number {
  checkTokens('contextTokens', contextTokens)
  if (contextTokens === Infinity) return Infinity
  const free = answerTokens ?? Math.min(4_096, Math.floor(contextTokens / 4))
  checkTokens('answerTokens', free)
  return contextTokens - free
}

function checkTokens(option: string, tokens: number): void {
  if (typeof tokens !== 'number' || !(tokens >= 0))
    throw new TypeError(`${option} must be a number of tokens, as in { ${option}: 8_000 }, not ${String(tokens)}`)
}

/** A function that gives a promise, or `NaN`, would let everything fit. */
const checkedCount =
  (countTokens: CountTokens): CountTokens =>
  (text) => {
    const tokens: unknown = countTokens(text)
    if (typeof tokens === 'number' && tokens >= 0) return tokens
    throw new TypeError(`countTokens must give a number, not ${String(tokens)}`)
  }

function tooLong(tokens: number, limit: number): ConversationError<'context_too_long'> {
  const message = `the question is ${tokens} tokens, and ${limit} would fit (contextTokens less answerTokens)`
  return new ConversationError('context_too_long', message, { tokens, limit })
}
