import { createLayout } from '../markdown/layout.ts'
import { plain } from '../markdown/style.ts'
import { textWidth } from '../markdown/text-width.ts'
import { visible } from '../render/visible.ts'

export interface Column {
  readonly title: string
  readonly text: string
  readonly foot: string
}

/** Texts beside each other, each wrapped in its own column. */
export function columnsText(columns: readonly Column[], width: number): string {
  const gap = ' │ '
  const each = Math.floor((width - gap.length * (columns.length - 1)) / columns.length)
  const blocks = columns.map(({ title, text, foot }) => [
    ...wrap(title, each),
    '─'.repeat(each),
    ...wrap(text, each),
    '',
    ...wrap(foot, each),
  ])
  const height = Math.max(...blocks.map(({ length }) => length))
  return Array.from({ length: height }, (_, row) =>
    blocks
      .map((lines, at) => (at === blocks.length - 1 ? (lines[row] ?? '') : padded(lines[row] ?? '', each)))
      .join(gap)
      .trimEnd()
      .concat('\n'),
  ).join('')
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)))
}

function wrap(text: string, width: number): string[] {
  const lines = ['']
  const layout = createLayout(() => width, {
    text: (piece) => void (lines[lines.length - 1] += piece),
    endLine: () => void lines.push(''),
    cuts: true,
  })
  for (const character of visible(text)) {
    if (character === '\n') layout.newLine()
    else layout.push(character, plain)
  }
  layout.flush()
  return lines
}
