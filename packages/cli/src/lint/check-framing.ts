import type { FramingRule } from './framing-rules.ts'
import type { Block, Line } from './locate-blocks.ts'
import type { Report } from './rule.ts'
import { jsonIn } from '../json-in.ts'

type Say = Report<FramingRule>

interface Field {
  readonly name: string
  readonly value: string
  readonly hasSpace: boolean
}

function fieldOf({ text }: Line): Field {
  const [, name = '', space = '', value = ''] = /^([^:]*)(?::( ?)(.*))?$/s.exec(text.replace(/^\uFEFF/, '')) ?? []
  return { name, value, hasSpace: space !== '' }
}

/** The data of a block as a reader joins it; `undefined` when there is none. */
export function dataOf({ lines }: Pick<Block, 'lines'>): string | undefined {
  const data = lines.map(fieldOf).filter(({ name }) => name === 'data')
  return data.length === 0 ? undefined : data.map(({ value }) => value).join('\n')
}

const known = new Set(['', 'data', 'event', 'id', 'retry'])

/** What is odd about one block of an event stream. */
export function checkBlock(block: Block, say: Say): void {
  const fields = block.lines.map(fieldOf)
  const data = fields.filter(({ name }) => name === 'data')
  if (fields.some(({ name }) => name === '')) say('comment')
  if (fields.some(({ name }) => name !== 'data' && name !== '' && known.has(name))) say('event-fields')
  const strange = fields.find(({ name }) => !known.has(name))
  if (strange !== undefined) say('unknown-line', strange.name.slice(0, 40))
  if (data.length === 0) {
    if (fields.some(({ name }) => name !== '' && known.has(name))) say('no-data')
    return
  }
  if (data.some(({ value, hasSpace }) => !hasSpace && value !== '')) say('no-space')
  checkData(
    data.map(({ value }) => value),
    say,
  )
  if (block.bytes.length > 64 * 1024) say('long-event')
  if (!block.isClosed) say('open-end')
}

const lineSeparators = ['\u2028', '\u2029', '\u0085', '\u000B', '\u000C']

function checkData(values: readonly string[], say: Say): void {
  const joined = values.join('\n')
  const text = joined.trim()
  if (text === '') return say('empty-data')
  if (isDone(text)) {
    if (joined !== '[DONE]') say('done-spelling', JSON.stringify(joined))
    return
  }
  if (lineSeparators.some((character) => joined.includes(character))) say('line-separator')
  if (jsonIn(joined) !== undefined) {
    if (values.length > 1) say('data-in-lines')
    return
  }
  if (values.length > 1 && values.every((value) => isDone(value.trim()) || jsonIn(value) !== undefined))
    say('blank-line-missing')
  else if (partsOf(joined).length > 1) say('events-glued')
}

export const isDone = (text: string): boolean => text.length < 16 && /^"?\[?done\]?"?$/i.test(text)

/** JSON objects that stand one behind the other; nothing when the text is anything else. */
export function partsOf(text: string): string[] {
  const parts: string[] = []
  let rest = text.trim()
  while (rest !== '') {
    const part = firstPartOf(rest)
    if (part === undefined) return []
    parts.push(part)
    rest = rest.slice(part.length).trim()
  }
  return parts
}

function firstPartOf(text: string): string | undefined {
  if (/^\[DONE\]/i.test(text)) return text.slice(0, 6)
  if (!text.startsWith('{')) return undefined
  // Each } may be the end, and there are few of them before it.
  for (let at = text.indexOf('}'); at !== -1; at = text.indexOf('}', at + 1)) {
    const part = text.slice(0, at + 1)
    if (jsonIn(part) !== undefined) return part
  }
  return undefined
}
