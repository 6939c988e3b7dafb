import {
  createDecoder,
  isStreamError,
  mergeChunk,
  toChatCompletion,
  type AnyStreamError,
  type ChatCompletionChunk,
  type Decoder,
  type StreamEvent,
} from '@deltawire/core'
import { readEvents } from '@deltawire/node'
import { jsonIn } from '../json-in.ts'
import type { Capture } from '../recording/read-recording.ts'
import type { RecordingHead } from '../recording/recording.ts'
import { createBodyCheck } from './body-check.ts'
import { checkBlock, dataOf, isDone } from './check-framing.ts'
import { createShapeChecker } from './check-shape.ts'
import { createTransportCheck } from './check-transport.ts'
import { createBlockScanner, createLineBlocks, createLineScanner, type Block, type Line } from './locate-blocks.ts'
import { isErrorLike, isPlainError, valuesIn } from './raw-event.ts'
import { isObject } from './raw-part.ts'
import type { Place } from './rule.ts'
import type { RuleName } from './rules.ts'

/** One rule that was broken, and the first place where. */
export interface Finding extends Place {
  readonly rule: RuleName
  /** What exactly: the unknown field, the other spelling. */
  readonly detail: string | undefined
  /** In how many places. */
  readonly count: number
}

export interface LintOptions {
  /** How many choices the request asked for, where the recording does not tell. */
  readonly n?: number | undefined
  readonly cumulative?: boolean | undefined
}

/**
 * Everything about a stream that is not as the format has it, in the order of the wire: each rule once, `unknown-field`
 * once for each field.
 *
 * Holds one event at a time and the sum of the chunks, however long the stream is.
 */
export async function lintCapture({ head, reads }: Capture, options: LintOptions = {}): Promise<Finding[]> {
  const linter = createLinter(head, options)
  const failure = await linter.readBody(reads)
  linter.judge(failure)
  return linter.findings()
}

/** Keys that somebody makes up are endless: more fields are not told apart. */
const maxFields = 500

function createCollector() {
  const found = new Map<string, Finding & { count: number }>()
  return {
    add(place: Place, rule: RuleName, detail: string | undefined): void {
      const key = rule === 'unknown-field' ? `${rule} ${detail}` : rule
      const known = found.get(key)
      if (known !== undefined) known.count++
      else if (rule !== 'unknown-field' || found.size < maxFields) found.set(key, { ...place, rule, detail, count: 1 })
    },
    all: (): Finding[] => [...found.values()].toSorted((a, b) => a.offset - b.offset || ofEvent(a) - ofEvent(b)),
  }
}

/** What is about the body comes before what is about an event at the same place. */
const ofEvent = ({ event }: Finding): number => (event === undefined ? 0 : 1)

/** So much of a body tells whether it is an event stream. */
const openingBytes = 1024

function createLinter(head: RecordingHead | undefined, options: LintOptions) {
  const collector = createCollector()
  const asked = askedOf(head)
  const shape = createShapeChecker()
  const body = createBodyCheck()
  const transport = createTransportCheck(head)
  const start: Place = { event: undefined, offset: 0, line: 1, text: '' }
  let place = start
  let events = 0
  let length = 0
  let lines = 0
  let isEventStream = false
  let sum: ChatCompletionChunk | undefined
  let error: AnyStreamError | undefined
  let hasDone = false

  const say = (rule: RuleName, detail?: string): void => collector.add(place, rule, detail)

  const decoder: Decoder = createDecoder({
    // What the request says is the best witness.
    n: options.n ?? asked.n,
    cumulative: options.cumulative,
    lenient: true,
    onRepair: say,
  })

  function stand(block: Block, event: number | undefined): void {
    const line = block.lines.find(({ text }) => text.startsWith('data')) ?? block.lines[0]
    place = {
      event,
      offset: line?.offset ?? block.offset,
      line: line?.number ?? lines,
      text: excerpt(line?.text ?? ''),
    }
  }

  function take(event: StreamEvent, block: Block): void {
    const text = event.data.trim()
    // What follows counts for no reader.
    if (hasDone || error !== undefined) return
    events++
    stand(block, events)
    if (text !== '' && !isDone(text)) checkValues(text, event.event)
    const skippedBefore = skipped(decoder)
    const decoded = decoder.push(event)
    if (skipped(decoder) > skippedBefore) say('not-json')
    if (decoded.error !== undefined && error === undefined) {
      error = decoded.error
      if (error.code === 'upstream_error') say('error-in-stream', error.details.error.message)
    }
    hasDone = decoded.done && decoded.error === undefined
    for (const chunk of decoded.chunks) sum = mergeChunk(sum, chunk)
  }

  /** The values of an event as they were sent, before the decoder mends them. */
  function checkValues(text: string, name: string | undefined): void {
    const isList = text.startsWith('[')
    for (const value of valuesIn(text)) {
      const isChunk =
        isObject(value) && (Array.isArray(value['choices']) || 'usage' in value || value['object'] === chunkObject)
      if (isObject(value) && isErrorLike(value, name) && (isList || !isPlainError(value))) say('error-shape')
      if (isChunk) shape.push(value, say)
      else if (!isObject(value) || !isErrorLike(value, name)) say('not-a-chunk')
    }
  }

  /** Reads the body to its end. Returns with what it broke. */
  async function readBody(reads: Capture['reads']): Promise<unknown> {
    let failure: unknown
    async function* pieces(): AsyncGenerator<Uint8Array> {
      try {
        for await (const read of reads) {
          transport.read(read)
          body.push(read.bytes)
          length += read.bytes.length
          yield read.bytes
        }
      } catch (reason) {
        failure = reason
      }
    }
    let current: Block | undefined
    async function* given(): AsyncGenerator<Uint8Array> {
      for await (const block of blocksIn(pieces())) {
        if (isEventStream) checkPacking(block)
        current = block
        yield block.bytes
      }
    }
    try {
      for await (const event of readEvents(given())) if (current !== undefined) take(event, current)
    } catch (reason) {
      // A limit of the reader; anything else is a fault of ours.
      if (!isStreamError(reason)) throw reason
      error ??= reason
    }
    return failure
  }

  async function* blocksIn(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Block> {
    const opening = createOpening(openingBytes)
    const scanner = createLineScanner()
    let blocks: ReturnType<typeof createBlockScanner> | undefined

    function* blocksOf(found: readonly Line[]): Generator<Block> {
      for (const line of found) {
        lines = line.number
        body.line(line)
        yield* (blocks ??= blocksFor(opening.bytes)).push(line)
      }
    }
    for await (const piece of pieces) {
      const whole = opening.push(piece)
      if (whole !== undefined) yield* blocksOf(scanner.push(whole))
    }
    yield* blocksOf(scanner.push(opening.end()))
    yield* blocksOf(scanner.end())
    if (blocks !== undefined) yield* blocks.end()
  }

  function blocksFor(beginning: Uint8Array) {
    isEventStream = !/^[\s\uFEFF]*(?:[{[<]|$)/.test(new TextDecoder().decode(beginning))
    return isEventStream ? createBlockScanner() : createLineBlocks()
  }

  let doneAt = Infinity
  function checkPacking(block: Block): void {
    stand(block, undefined)
    const data = dataOf(block)
    if (block.offset > doneAt && data !== undefined) return say('after-done')
    checkBlock(block, say)
    if (data !== undefined && isDone(data.trim())) doneAt = block.offset
  }

  /** What only shows at the end. */
  function judge(failure: unknown): void {
    place = start
    body.end(say)
    if (!isEventStream && length > 0) say('not-event-stream')
    const rest = decoder.end()
    for (const chunk of rest.chunks) sum = mergeChunk(sum, chunk)
    error ??= rest.error
    place = { event: events === 0 ? undefined : events, offset: length, line: Math.max(1, lines), text: '' }
    shape.end(say)
    if (failure !== undefined) say('connection-broke', failure instanceof Error ? failure.message : undefined)
    if (error?.code === 'incomplete_stream') say('incomplete')
    // Of a refusal nobody expects an answer.
    const isRefused = head !== undefined && Math.floor(head.response.status / 100) !== 2
    if (error?.code === 'no_chunk' && !isRefused) say('no-chunk')
    if (error?.code === 'limit_exceeded') say('limit-exceeded', error.details.option)
    if (isEventStream && error === undefined && !hasDone) say('done-missing')
    if (sum !== undefined) judgeCompletion(sum)
    transport.end(events, say)
  }

  function judgeCompletion(whole: ChatCompletionChunk): void {
    const { choices, usage } = toChatCompletion(whole)
    if (asked.hasUsage && (usage ?? null) === null && error === undefined) say('usage-missing')
    for (const { finish_reason, message } of choices) {
      if (finish_reason === null && error === undefined) say('finish-reason-missing')
      const calls = message.tool_calls ?? []
      const ids = calls.map(({ id }) => id)
      if (ids.includes('')) say('tool-id-missing')
      if (new Set(ids.filter((id) => id !== '')).size < ids.filter((id) => id !== '').length) say('tool-id-shared')
      for (const call of calls) {
        if (call.type === 'function' && jsonIn(call.function.arguments) === undefined)
          say('tool-arguments-not-json', call.function.name)
      }
    }
  }

  return { readBody, judge, findings: collector.all }
}

/** Holds a body back until so much of it is there. */
function createOpening(enough: number) {
  let held: Uint8Array[] = []
  let bytes: Uint8Array = new Uint8Array()
  let isPast = false
  const pass = (): Uint8Array => {
    isPast = true
    held = []
    return bytes
  }
  return {
    /** The beginning, when it is there or all of it is. */
    get bytes() {
      return bytes.subarray(0, enough)
    },
    /** What may go on; nothing while it is held back. */
    push(piece: Uint8Array): Uint8Array | undefined {
      if (isPast) return piece
      held.push(piece)
      bytes = Buffer.concat(held)
      return bytes.length < enough ? undefined : pass()
    },
    end: (): Uint8Array => (isPast ? new Uint8Array() : pass()),
  }
}

const chunkObject = 'chat.completion.chunk'

/** What the request of a recording asked for. */
function askedOf(head: RecordingHead | undefined): { n: number | undefined; hasUsage: boolean } {
  const body = head?.request.body
  if (!isObject(body)) return { n: undefined, hasUsage: false }
  const options = body['stream_options']
  return {
    n: typeof body['n'] === 'number' ? body['n'] : undefined,
    hasUsage: isObject(options) && options['include_usage'] === true,
  }
}

function skipped({ warnings }: Decoder): number {
  return warnings.find(({ code }) => code === 'event-skipped')?.count ?? 0
}

function excerpt(text: string): string {
  return text.length > 400 ? `${text.slice(0, 400)}…` : text
}
