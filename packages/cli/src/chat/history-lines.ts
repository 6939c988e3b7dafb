import { visibleLine } from '../render/visible.ts'
import { textWidth } from '../markdown/text-width.ts'
import type { Found, Thread } from '../store/history.ts'
import { firstWords, messageText } from '../store/message-text.ts'
import { fitting } from '../view/row-line.ts'

/** A conversation in a list: the beginning of its id, its age, how many messages, its title. */
export function threadLine({ id, title, messages, updatedAt }: Thread, now: number): string {
  return `${id.slice(0, 8)}  ${ago(now - updatedAt).padStart(4)}  ${String(messages).padStart(3)}  ${visibleLine(title)}\n`
}

const spans = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const

function ago(ms: number): string {
  for (const [unit, length] of spans) if (ms >= length) return `${Math.floor(ms / length)}${unit}`
  return 'now'
}

/**
 * A message that was found, no longer than a terminal is wide.
 *
 * @param word what is in sight, when the message is longer
 * @param width `undefined` where there is no terminal
 */
export function foundLine({ thread, record }: Found, word: string, width: number | undefined): string {
  const head = `${thread.id.slice(0, 8)}  ${visibleLine(firstWords(thread.title, 30))}  ${record.message.role}: `
  const room = width === undefined ? 100 : Math.max(20, width - textWidth(head))
  const line = head + visibleLine(around(messageText(record.message), word, room))
  return `${width === undefined ? line : fitting(line, width)}\n`
}

/** The words around the one that was searched for. */
function around(text: string, word: string, room: number): string {
  const line = text.replaceAll(/\s+/g, ' ')
  const at = Math.max(0, line.toLowerCase().indexOf(word.toLowerCase()))
  const start = Math.max(0, at - Math.min(40, Math.floor(room / 3)))
  return `${start > 0 ? '…' : ''}${firstWords(line.slice(start), Math.min(100, room))}`
}
