import type { RequestMessage, ToolMessage, UserContentPart } from '@deltawire/core'

/** What is said: text, text and pictures, or what the tools found that the last answer called. */
export type Question = string | readonly ToolMessage[] | readonly UserContentPart[]

/** The messages that say it, or a `TypeError` that shows some that do. */
export function questionMessages(question: Question, name: string | undefined): RequestMessage[] {
  if (question?.length > 0) {
    const named = name === undefined ? {} : { name }
    if (typeof question === 'string') return [{ role: 'user', content: question, ...named }]
    if (areResults(question)) return [...question]
    if (areParts(question)) return [{ role: 'user', content: [...question], ...named }]
  }
  throw new TypeError(
    "send takes text that is not empty, parts of a message or the results of tools, as in send('Hello!') or send([{ type: 'text', text: 'Hello!' }])",
  )
}

const areResults = (items: readonly object[]): items is readonly ToolMessage[] =>
  items.every((item) => item !== null && 'role' in item && item.role === 'tool')

const areParts = (items: readonly object[]): items is readonly UserContentPart[] =>
  items.every((item) => item !== null && 'type' in item && !('role' in item))
