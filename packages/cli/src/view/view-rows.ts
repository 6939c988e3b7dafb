import {
  createDecoder,
  reasoningOf,
  textOf,
  type ChatCompletionChunk,
  type ChunkDelta,
  type Decoder,
} from '@deltawire/core'
import { readEvents } from '@deltawire/node'
import { collectReads } from '../recording/collect-reads.ts'
import type { Capture } from '../recording/read-recording.ts'
import { timedBlocks, type TimedBlock } from '../recording/timed-blocks.ts'
import { linesOf } from '../lint/locate-blocks.ts'

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
}

type Content = Pick<Row, 'choice' | 'kind' | 'text'>

/** What happened in a stream, event by event; a chunk that carries several things is several rows of one number. */
export async function viewRows({ reads }: Capture): Promise<Row[]> {
  const { reads: all, bytes, broke } = await collectReads(reads)
  const decoder = createDecoder({ lenient: true })
  const rows: Row[] = []
  let before: number | undefined
  const blocks = blocksOf(bytes, all)
  for (const [index, block] of blocks.entries()) {
    const { atMs, offset } = block
    const gapMs = atMs === undefined || before === undefined ? undefined : atMs - before
    before = atMs
    const place = { number: index + 1, atMs, gapMs, offset, bytes: block.bytes.length }
    for (const content of await contentsOf(block, decoder)) rows.push({ ...place, ...content })
  }
  const end = decoder.end()
  const last = {
    number: blocks.length + 1,
    atMs: before,
    gapMs: undefined,
    offset: bytes.length,
    bytes: 0,
    choice: undefined,
  }
  if (broke !== undefined) rows.push({ ...last, kind: 'error', text: `the connection broke (${broke.code})` })
  if (end.error !== undefined && !rows.some(({ kind }) => kind === 'error')) {
    rows.push({ ...last, kind: 'error', text: end.error.message.replace(`[${end.error.code}] `, '') })
  }
  return rows
}

/** The events of an event stream; of anything else its lines. */
function blocksOf(bytes: Buffer, reads: Parameters<typeof timedBlocks>[1]): TimedBlock[] {
  if (!/^[\s\uFEFF]*[{[<]/.test(bytes.subarray(0, 1024).toString('utf8'))) return timedBlocks(bytes, reads)
  const lines = linesOf(bytes)
  return lines.map(({ offset }, at) => ({
    offset,
    bytes: bytes.subarray(offset, lines[at + 1]?.offset ?? bytes.length),
    atMs: undefined,
  }))
}

async function contentsOf({ bytes }: TimedBlock, decoder: Decoder): Promise<Content[]> {
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
