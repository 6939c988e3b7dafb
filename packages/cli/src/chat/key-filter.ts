/** How a line end inside of a message is shown while it is edited on one line. */
export const shownLineEnd = '↵'

/** Longer pastes are shown by their size: nobody edits them in a line. */
const maxShownLength = 2000

export interface KeyFilterOptions {
  /** Keys for the line editor. */
  readonly keys: (text: string) => void
  /** Ctrl-R. */
  readonly search: () => void
  /** Any other key. */
  readonly other: () => void
  /** The long pastes, by what is shown in their place. */
  readonly pasted: (pastes: ReadonlyMap<string, string>) => void
}

const pasteStart = '\u001B[200~'
const pasteEnd = '\u001B[201~'

/**
 * What a terminal sends, for a line editor that knows only lines: the line ends of a paste and of Alt-Enter become a
 * character that is shown in their place.
 *
 * Like everything that is read, it comes in pieces of any size.
 */
export function createKeyFilter({ keys, search, other, pasted }: KeyFilterOptions) {
  let held = ''
  let paste: string | undefined
  const pastes = new Map<string, string>()

  function insert(text: string) {
    const clean = cleaned(text)
    if (clean.length <= maxShownLength) return keys(clean.replaceAll('\n', shownLineEnd))
    const shown = `[paste ${pastes.size + 1}: ${clean.split('\n').length} lines]`
    pastes.set(shown, clean)
    pasted(pastes)
    keys(shown)
  }

  function pushKeys(text: string) {
    // oxlint-disable-next-line no-control-regex
    for (const part of text.split(/(\u001B[\r\n]|\u0012)/)) {
      if (part === '') continue
      if (part === '\u0012') search()
      else {
        other()
        keys(part === '\u001B\r' || part === '\u001B\n' ? shownLineEnd : part)
      }
    }
  }

  function push(text: string): void {
    const all = held + text
    held = ''
    const mark = paste === undefined ? pasteStart : pasteEnd
    const at = all.indexOf(mark)
    if (at === -1) {
      // The beginning of a mark may be the end of this piece.
      const rest = overlap(all, mark)
      held = rest === 0 ? '' : all.slice(-rest)
      const sure = rest === 0 ? all : all.slice(0, -rest)
      if (paste === undefined) pushKeys(sure)
      else paste += sure
      return
    }
    if (paste === undefined) {
      pushKeys(all.slice(0, at))
      paste = ''
    } else {
      insert(paste + all.slice(0, at))
      paste = undefined
    }
    push(all.slice(at + mark.length))
  }

  return { push }
}

/** How much of a mark the text ends with. An escape alone waits for the next key: by itself it does nothing in a line. */
function overlap(text: string, mark: string): number {
  for (let length = mark.length - 1; length > 0; length--) if (text.endsWith(mark.slice(0, length))) return length
  return 0
}

/** Line ends of one kind, and nothing that a terminal would obey. */
function cleaned(text: string): string {
  return (
    text
      .replaceAll(/\r\n?/g, '\n')
      .replaceAll('\t', '  ')
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/g, '')
  )
}

/** The message that an edited line stands for. */
export function fromShown(line: string, pastes: ReadonlyMap<string, string> = new Map()): string {
  let message = line
  for (const [shown, text] of pastes) message = message.replaceAll(shown, () => text)
  return message.replaceAll(shownLineEnd, '\n')
}
