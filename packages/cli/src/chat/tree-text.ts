import { visibleLine } from '../render/visible.ts'
import { firstWords, messageText } from '../store/message-text.ts'
import type { MessageRecord } from '../store/record.ts'

/**
 * The messages of a conversation with their numbers, branches beneath what they branch from, `*` on the path that is being
 * continued.
 */
export function treeText(all: readonly MessageRecord[], path: readonly MessageRecord[], columns: number): string {
  const onPath = new Set(path.map(({ id }) => id))
  const numbers = new Map(all.map(({ id }, at) => [id, at + 1]))
  const children = new Map<string | null, MessageRecord[]>()
  for (const record of all) {
    const parent = record.parent !== null && numbers.has(record.parent) ? record.parent : null
    children.set(parent, [...(children.get(parent) ?? []), record])
  }
  const width = String(all.length).length
  const lines: string[] = []
  // Not recursive: a conversation may be thousands of messages deep.
  const waiting: { record: MessageRecord; depth: number }[] = []
  const put = (parent: string | null, depth: number) => {
    const next = children.get(parent) ?? []
    const inner = next.length > 1 ? depth + 1 : depth
    waiting.push(...next.map((record) => ({ record, depth: inner })).reverse())
  }
  put(null, 0)
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    const { record, depth } = one
    const { id, message, answer } = record
    const mark = onPath.has(id) ? '*' : ' '
    const partial = answer?.status === 'partial' ? ' (partial)' : ''
    const head = `${mark} ${String(numbers.get(id)).padStart(width)} ${'  '.repeat(depth)}${message.role}: `
    const room = Math.max(10, columns - head.length - partial.length)
    lines.push(`${head}${visibleLine(firstWords(messageText(message), room))}${partial}`)
    put(id, depth)
  }
  return lines.map((line) => `${line}\n`).join('')
}
