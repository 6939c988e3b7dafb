import type { Chat, ChatSnapshot, ToolSet } from './index.ts'

/** The text of the last answer. */
const lastAnswer = ({ messages }: ChatSnapshot): string => {
  const last = messages.at(-1)
  if (last?.role !== 'assistant') return ''
  return last.parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
}

/**
 * Keeps a text on the page up to date: what is new is appended, and only what was rewritten is replaced.
 *
 * It becomes text, never markup. Gives what ends it.
 *
 * @param pick what is shown; by default the text of the last answer
 */
export function bindText<T extends ToolSet>(
  target: Element | Text,
  chat: Chat<T>,
  pick: (snapshot: ChatSnapshot<T>) => string = lastAnswer,
): () => void {
  const node = target instanceof Text ? target : target.appendChild(document.createTextNode(''))
  let shown = node.data

  function show(): void {
    const text = pick(chat.getSnapshot())
    if (text === shown) return
    if (text.startsWith(shown)) node.appendData(text.slice(shown.length))
    else node.data = text
    shown = text
  }

  show()
  return chat.subscribe(show)
}
