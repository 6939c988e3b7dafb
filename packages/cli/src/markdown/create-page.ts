import { prefixOf, type Container } from './containers.ts'
import { dimmed, plain, transition, type Style } from './style.ts'

/** The lines that a terminal gets, each behind the bars and markers of what it stands in. */
export interface Page {
  readonly isAtLineStart: boolean
  write(text: string, style: Style): void
  /** Ends the line, also one on which nothing stands but its marker. */
  endLine(): void
  /** A blank line behind what stands in these, as soon as something follows; several are one. */
  space(containers: readonly Container[]): void
  /** Whether there is such a line. */
  readonly isSpaced: boolean
  /** No style is left over. */
  endStyle(): void
  /** What was written since the last call. */
  take(): string
}

/** @param containers in which the current line stands */
export function createPage(containers: () => readonly Container[], hasStyles: boolean): Page {
  let out = ''
  let style: Style = plain
  let isAtLineStart = true
  let hasWritten = false
  let blank: readonly Container[] | undefined

  function restyle(next: Style) {
    if (hasStyles) out += transition(style, next)
    style = next
  }

  function beginLine() {
    isAtLineStart = false
    if (blank !== undefined && hasWritten) {
      const bars = prefixOf(commonQuotes(blank, containers())).trimEnd()
      if (bars !== '') put(bars)
      out += '\n'
    }
    blank = undefined
    hasWritten = true
    const prefix = prefixOf(containers())
    if (prefix !== '') put(prefix)
  }

  /** What is ours and not the answer's: never in its style. */
  function put(prefix: string) {
    restyle(prefix.includes('│') ? dimmed : plain)
    out += prefix
    restyle(plain)
  }

  return {
    get isAtLineStart() {
      return isAtLineStart
    },
    get isSpaced() {
      return blank !== undefined
    },
    write(text, next) {
      if (isAtLineStart) beginLine()
      if (next !== style) restyle(next)
      out += text
    },
    endLine() {
      if (isAtLineStart) beginLine()
      // A pager or a copy of one line has no style left over.
      restyle(plain)
      out += '\n'
      isAtLineStart = true
    },
    space(around) {
      blank = [...around]
    },
    endStyle: () => restyle(plain),
    take() {
      const written = out
      out = ''
      return written
    },
  }
}

function commonQuotes(a: readonly Container[], b: readonly Container[]): Container[] {
  const end = a.findIndex((one, at) => one !== b[at])
  const common = end === -1 ? [...a] : a.slice(0, end)
  return common.slice(0, common.findLastIndex(({ kind }) => kind === 'quote') + 1)
}
