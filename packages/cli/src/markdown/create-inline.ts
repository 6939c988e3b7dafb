import { linkOf, mayHideAddress, type Link } from './link.ts'
import { plain, type Style } from './style.ts'
import { isWide } from './text-width.ts'

/** The styles inside a block, read one character after the other. */
export interface Inline {
  push(character: string): void
  /** The block is over: what is open ends, what is held is text. */
  end(): void
}

export interface InlineOptions {
  /** The terminal shows links itself (OSC 8). Otherwise the address stands behind the text. */
  readonly hasHyperlinks: boolean
  /** Whether code can be told by its colour. Otherwise its marks stay. */
  readonly hasStyles: boolean
  /** What all of it looks like, such as a heading. */
  readonly style?: Style
}

type Emit = (character: string, style: Style) => void
type Effect = 'bold' | 'italic' | 'strike'

interface Opened {
  readonly marker: string
  readonly length: number
  readonly effects: readonly Effect[]
}

/** Longer ones are no links, and nobody should have to wait for their end. */
const maxTextLength = 500
const maxAddressLength = 4096

/**
 * Reads the inline marks of Markdown and gives every character its style.
 *
 * A mark is decided by the character behind it, so no more than a mark is ever held, except a link, which is held to its
 * end. What never ends is styled to the end of its block.
 */
export function createInline({ hasHyperlinks, hasStyles, style: base = plain }: InlineOptions, emit: Emit): Inline {
  let open: Opened[] = []
  /** The number of backticks that end the code; 0 outside of code. */
  let code = 0
  let style = base
  /** A run of one mark, a backslash, an exclamation mark: what the next character decides. */
  let held = ''
  let link:
    | { isImage: boolean; text: string; depth: number; target: string | undefined; targetDepth: number }
    | undefined
  let address: string | undefined
  let before = ''
  let linkStyle: string | undefined

  function restyle() {
    const effects = open.flatMap((one) => one.effects)
    style = {
      ...base,
      ...Object.fromEntries(effects.map((effect) => [effect, true])),
      ...(code > 0 && { code: true }),
      ...(linkStyle !== undefined && { link: linkStyle }),
    }
  }

  function write(text: string) {
    for (const character of text) emit(character, style)
    before = text.at(-1) ?? before
  }

  /** Decides a run of marks by what stands on both sides. */
  function decide(after: string) {
    const run = held
    held = ''
    const marker = run[0] ?? ''
    if (marker === '`') {
      code = code === 0 ? run.length : 0
      if (!hasStyles) write(run)
      restyle()
      return
    }
    if (marker === '\\' || marker === '!') return write(run)
    let { length } = run
    const side = sidesOf(marker, before, after)
    for (;;) {
      const at = side.closes ? open.findLastIndex((one) => one.marker === marker && one.length <= length) : -1
      const closed = open[at]
      if (closed === undefined) break
      length -= closed.length
      open = open.slice(0, at)
    }
    const effects = side.opens ? effectsOf(marker, length) : undefined
    if (effects !== undefined) open = [...open, { marker, length, effects }]
    restyle()
    if (effects === undefined) write(marker.repeat(length))
    // A mark is no letter and no space for what follows it.
    else before = marker
  }

  function pushInCode(character: string) {
    if (character === '`') {
      held += character
      return
    }
    if (held.length === code) decide(character)
    else if (held !== '') {
      const ticks = held
      held = ''
      write(ticks)
    }
    if (code > 0) write(character)
    else push(character)
  }

  function pushInLink(character: string) {
    const current = link
    if (current === undefined) return
    if (character === '\n') return giveUpLink(character)
    if (current.target === undefined) {
      if (current.depth === 0) {
        if (character !== '(') return giveUpLink(character)
        current.target = ''
        return
      }
      current.depth += character === '[' ? 1 : character === ']' ? -1 : 0
      if (current.depth > 0) current.text += character
      if (current.text.length > maxTextLength) giveUpLink('')
      return
    }
    if (character === ')' && current.targetDepth === 0) {
      link = undefined
      writeLink(linkOf(current.text, current.target), current.isImage)
      return
    }
    current.targetDepth += character === '(' ? 1 : character === ')' ? -1 : 0
    current.target += character
    if (current.target.length > maxAddressLength) giveUpLink('')
  }

  /** It was none: the bracket is a bracket, and the rest is read again. */
  function giveUpLink(character: string) {
    const current = link
    if (current === undefined) return
    link = undefined
    write(current.isImage ? '![' : '[')
    const closed = current.depth === 0 ? ']' : ''
    const target = current.target === undefined ? '' : `(${current.target}`
    for (const one of `${current.text}${closed}${target}`) push(one)
    if (character !== '') push(character)
  }

  function writeLink(found: Link, isImage: boolean) {
    const text = found.text === '' ? found.url : found.text
    const isHidden = hasHyperlinks && mayHideAddress({ ...found, text })
    if (isImage) write('image: ')
    if (isHidden) linkStyle = found.url
    restyle()
    for (const one of text) push(one)
    if (held !== '') decide('')
    linkStyle = undefined
    restyle()
    if (!isHidden && text !== found.url && found.url !== '') write(` (${found.url})`)
  }

  function pushInAddress(character: string) {
    address += character
    const given = address ?? ''
    if (character === '>') {
      address = undefined
      writeLink({ text: given.slice(1, -1), url: given.slice(1, -1) }, false)
    } else if (!mayBecomeAddress(given.slice(1))) giveUpAddress()
  }

  function giveUpAddress() {
    const given = address ?? ''
    address = undefined
    write('<')
    for (const one of given.slice(1)) push(one)
  }

  function push(character: string) {
    if (code > 0) return pushInCode(character)
    if (link !== undefined) return pushInLink(character)
    if (address !== undefined) return pushInAddress(character)
    if (held !== '') {
      if (held === '\\') {
        held = ''
        if (escapable.has(character)) return write(character)
        write('\\')
      } else if (held === '!' && character === '[') {
        held = ''
        link = { isImage: true, text: '', depth: 1, target: undefined, targetDepth: 0 }
        return
      } else if (held[0] === character && character !== '!') {
        held += character
        return
      } else {
        const ticks = held[0] === '`'
        decide(character)
        if (ticks) return pushInCode(character)
      }
    }
    if (marks.has(character)) held = character
    else if (character === '[' && linkStyle === undefined) {
      link = { isImage: false, text: '', depth: 1, target: undefined, targetDepth: 0 }
    } else if (character === '<' && linkStyle === undefined) address = '<'
    else write(character)
  }

  return {
    push,
    end() {
      // What was held inside of one may be held again.
      while (link !== undefined || address !== undefined) {
        if (link !== undefined) giveUpLink('')
        else giveUpAddress()
      }
      if (held !== '') {
        if (code > 0 && held.length !== code) write(held)
        else decide('')
      }
      held = ''
      open = []
      code = 0
      before = ''
      restyle()
    },
  }
}

function mayBecomeAddress(text: string): boolean {
  const hasScheme = ['https://', 'http://'].some((scheme) => scheme.startsWith(text) || text.startsWith(scheme))
  return hasScheme && text.length < maxAddressLength && !/[\s<]/.test(text)
}

const marks: ReadonlySet<string> = new Set(['*', '_', '~', '`', '\\', '!'])

/** Marks of ours only. `\(` and `\[` begin a formula: without the backslash nobody would know. */
const escapable: ReadonlySet<string> = new Set('*_~`#>|<-+.!')

/** What a run of that many marks means; nothing when it means itself. */
function effectsOf(marker: string, length: number): readonly Effect[] | undefined {
  if (marker === '~') return length === 2 ? ['strike'] : undefined
  return ([undefined, ['italic'], ['bold'], ['bold', 'italic']] as const)[length]
}

/** Left- and right-flanking runs: https://spec.commonmark.org/0.31.2/#emphasis-and-strong-emphasis */
function sidesOf(marker: string, before: string, after: string): { opens: boolean; closes: boolean } {
  const left = !isSpace(after) && (!isSign(after) || isEdge(before))
  const right = !isSpace(before) && (!isSign(before) || isEdge(after))
  if (marker !== '_') return { opens: left, closes: right }
  // some_long_name is no emphasis.
  return { opens: left && (!right || isSign(before)), closes: right && (!left || isSign(after)) }
}

/** Chinese and Japanese put no spaces around what they stress: there, every character is an edge. */
function isEdge(character: string): boolean {
  return isSpace(character) || isSign(character) || isWide(character)
}

function isSpace(character: string): boolean {
  return character === '' || /\s/.test(character)
}

function isSign(character: string): boolean {
  return /[\p{P}\p{S}]/u.test(character)
}
