import type { RequestMessage } from '@deltawire/core'
import { fitContext } from '../conversation/fit-context.ts'
import { readHistory } from '../conversation/read-history.ts'
import type { CountTokens } from '../usage-estimate.ts'
import type { ChatMessage } from './types.ts'

export interface PromptInit {
  readonly systemMessage: string
  readonly text: string
  readonly name: string | undefined
  readonly parentMessageId: string | undefined
  readonly read: (id: string) => Promise<ChatMessage | null | undefined>
  readonly maxModelTokens: number
  /** Kept free for the answer. */
  readonly answerTokens: number
  readonly countTokens: CountTokens
}

export interface Prompt {
  messages: RequestMessage[]
  tokens: number
}

/** A message is three tokens at least: more than a third of the budget cannot be sent, and is not read. */
const FEWEST_TOKENS = 3

/**
 * What is sent: the system message, as much of the conversation as fits, and the question.
 *
 * @throws ConversationError `context_too_long`
 */
export async function promptOf(init: PromptInit): Promise<Prompt> {
  const { systemMessage, text, name, parentMessageId, maxModelTokens, answerTokens, countTokens } = init
  const most = Math.max(1, Math.ceil((maxModelTokens - answerTokens) / FEWEST_TOKENS))
  const read = async (id: string): Promise<ChatMessage | undefined> => (await init.read(id)) ?? undefined
  const { messages } = await readHistory(parentMessageId ?? '', read, most)
  return fitContext(
    {
      instructions: systemMessage === '' ? [] : [{ role: 'system', content: systemMessage }],
      history: messages.flatMap(requestMessages),
      question: requestMessages({ role: 'user', text, ...(name !== undefined && { name }) }),
    },
    { contextTokens: maxModelTokens, answerTokens, countTokens },
  )
}

/** Nothing for what says nothing: the question `''`, which asks the model to go on. */
function requestMessages({ role, text, name }: Pick<ChatMessage, 'name' | 'role' | 'text'>): RequestMessage[] {
  // Stores hold what the ancestor wrote: answers without text as null, and roles left out.
  const content = text ?? ''
  if (content === '') return []
  return [{ role: role ?? 'user', content, ...(name !== undefined && { name }) }]
}
