import {
  createDecoder,
  reasoningOf,
  textOf,
  type ChatCompletionChunk,
  type ChunkDelta,
  type Decoder,
} from '@deltawire/core'
import { readEvents } from '@deltawire/node'
import { bytesPerLine, createLineScanner, maxLineBytes, type Line, type Scanner } from '../lint/locate-blocks.ts'
import { RecordedBreak, type Capture } from '../recording/read-recording.ts'

export type RowKind =
  | 'audio'
  | 'comment'
  | 'content'
  | 'done'
  | 'empty'
  | 'error'
  | 'finish'
  | 'other'
  | 'reasoning'
  | 'refusal'
  | 'role'
  | 'tool'
  | 'usage'

/** One event of a stream, for a person to look at. */
export interface Row {
  /** Counted from 1, comments too. */
  readonly number: number
  readonly atMs: number | undefined
  /** Since the event before. */
  readonly gapMs: number | undefined
  readonly offset: number
  readonly bytes: number
  readonly kind: RowKind
  readonly choice: number | undefined
  readonly text: string
  /** The event as it came. */
  readonly raw: Uint8Array
}

type Content = Pick<Row, 'choice' | 'kind' | 'text'>

/**
 * What happens in a stream, event by event, each as soon as it is complete; a chunk that carries several things is several
 * rows of one number.
 */
export async function* viewRows({ reads }: Capture): AsyncGenerator<Row, void, undefined> {
  const decoder = createDecoder({ lenient: true })
  let number = 0
  let before: number | undefined
  let length = 0
  let hasError = false

  async function* rowsOf({ lines, bytes, atMs }: TimedEvent): AsyncGenerator<Row> {
    const gapMs = atMs === undefined || before === undefined ? undefined : atMs - before
    before = atMs
    number++
    const place = { number, atMs, gapMs, offset: lines[0]?.offset ?? 0, bytes: bytes.length, raw: bytes }
    for (const content of await contentsOf(bytes, decoder)) {
      hasError ||= content.kind === 'error'
      yield { ...place, ...content }
    }
  }

  let broke: RecordedBreak | undefined
  const events = createEventScanner()
  try {
    for await (const { bytes, atMs } of reads) {
      length += bytes.length
      for (const event of events.push(bytes)) yield* rowsOf({ ...event, atMs })
    }
  } catch (error) {
    if (!(error instanceof RecordedBreak)) throw error
    broke = error
  }
  for (const event of events.end()) yield* rowsOf({ ...event, atMs: before })
  const end = decoder.end()
  const last = { atMs: before, gapMs: undefined, offset: length, bytes: 0, raw: new Uint8Array(), choice: undefined }
  if (broke !== undefined) {
    hasError = true
    yield { ...last, number: ++number, kind: 'error', text: `the connection broke (${broke.code})` }
  }
  if (end.error !== undefined && !hasError) {
    yield { ...last, number: ++number, kind: 'error', text: messageOf(end.error) }
  }
}

interface ViewEvent {
  readonly lines: readonly Line[]
  readonly bytes: Uint8Array
}

interface TimedEvent extends ViewEvent {
  readonly atMs: number | undefined
}

/**
 * The events of an event stream, each when its blank line has come; of anything else its lines. What goes on longer than
 * any reader would take is given in parts.
 */
function createEventScanner(): Scanner<ViewEvent> {
  const scanner = createLineScanner()
  let isEventStream: boolean | undefined
  let open: Line[] = []
  let length = 0

  function close(): ViewEvent[] {
    const lines = open
    open = []
    length = 0
    return lines.length === 0 ? [] : [{ lines, bytes: Buffer.concat(lines.map(({ bytes }) => bytes)) }]
  }

  function take(line: Line): ViewEvent[] {
    // More blank lines, after an event or before the first.
    if (line.text === '' && open.length === 0) return []
    open.push(line)
    length += line.bytes.length + bytesPerLine
    isEventStream ??= !/^[\s\uFEFF]*[{[<]/.test(line.text)
    return line.text === '' || !isEventStream || length > maxLineBytes ? close() : []
  }

  return {
    push: (bytes) => scanner.push(bytes).flatMap(take),
    end: () => [...scanner.end().flatMap(take), ...close()],
  }
}

async function contentsOf(bytes: Uint8Array, decoder: Decoder): Promise<Content[]> {
  const contents: Content[] = []
  const raw = new TextDecoder().decode(bytes).trim()
  let isEvent = false
  for await (const event of readEvents([bytes])) {
    isEvent = true
    const decoded = decoder.push(event)
    for (const chunk of decoded.chunks) contents.push(...contentsOfChunk(chunk))
    if (decoded.error !== undefined) contents.push({ kind: 'error', choice: undefined, text: messageOf(decoded.error) })
    else if (decoded.done) contents.push({ kind: 'done', choice: undefined, text: event.data.trim() })
  }
  if (contents.length > 0) return contents
  if (!isEvent && /^:/m.test(raw)) return [{ kind: 'comment', choice: undefined, text: raw }]
  return [{ kind: 'other', choice: undefined, text: raw }]
}

function messageOf({ code, message }: { readonly code: string; readonly message: string }): string {
  return message.replace(`[${code}] `, '')
}

function contentsOfChunk({ choices, usage }: ChatCompletionChunk): Content[] {
  const contents: Content[] = choices.flatMap(({ index, delta, finish_reason }) => [
    ...contentsOfDelta(delta).map((content) => ({ ...content, choice: index })),
    ...(finish_reason === null ? [] : [{ kind: 'finish', choice: index, text: finish_reason } satisfies Content]),
  ])
  if (usage !== undefined && usage !== null) {
    const { prompt_tokens, completion_tokens } = usage
    contents.push({ kind: 'usage', choice: undefined, text: `${prompt_tokens} tokens in · ${completion_tokens} out` })
  }
  return contents.length > 0 ? contents : [{ kind: 'empty', choice: choices[0]?.index, text: '' }]
}

function contentsOfDelta(delta: ChunkDelta): Omit<Content, 'choice'>[] {
  const { role, refusal, tool_calls = [], function_call, audio } = delta
  const contents: Omit<Content, 'choice'>[] = []
  const add = (kind: RowKind, text: string | null | undefined) => {
    if (text !== null && text !== undefined && text !== '') contents.push({ kind, text })
  }
  add('reasoning', reasoningOf(delta))
  add('content', textOf(delta))
  add('refusal', refusal)
  for (const call of tool_calls) {
    const called = 'function' in call ? call.function : undefined
    const said = [called?.name, called?.arguments ?? JSON.stringify(call)].filter(
      (part) => part !== undefined && part !== '',
    )
    add('tool', [call.index, ...said].join(' '))
  }
  if (function_call) add('tool', `${function_call.name ?? ''} ${function_call.arguments ?? ''}`)
  if (audio) add('audio', audio.transcript ?? '…')
  if (contents.length === 0) add('role', role)
  return contents
}
