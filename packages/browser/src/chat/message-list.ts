import type { UserInput } from './chat.ts'
import type { Message } from './message.ts'

/** The place of a message, or -1. */
export const indexOf = (messages: readonly Message[], messageId: string | undefined): number =>
  messages.findIndex(({ id }) => id === messageId)

/** Whether something is to be done with its calls, or was. */
export const hasCalls = (message: Message | null | undefined): boolean | undefined =>
  message?.parts.some(({ type }) => type === 'tool-call')

/** The messages with this one, in the place of an earlier state of it or at the end. */
export function put(messages: readonly Message[], message: Message): readonly Message[] {
  const at = indexOf(messages, message.id)
  return at === -1 ? [...messages, message] : messages.with(at, message)
}

export function userMessage(id: string, input: UserInput): Message {
  const { parts, ...rest } = typeof input === 'string' ? { parts: [{ type: 'text', text: input } as const] } : input
  return { id, role: 'user', parts, ...rest }
}
