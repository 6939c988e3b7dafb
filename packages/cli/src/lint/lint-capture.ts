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
import { checkBlock, checkBody, dataOf, isDone } from './check-framing.ts'
import { createShapeChecker } from './check-shape.ts'
import { checkTransport, timeOf } from './check-transport.ts'
import { blocksOf, linesAsBlocks, linesOf, type Block } from './locate-blocks.ts'
import { isErrorLike, isPlainError, valuesIn } from './raw-event.ts'
import { isObject } from './raw-part.ts'
import type { Place } from './rule.ts'
import type { RuleName } from './rules.ts'

/** One place where one rule was broken. */
export interface Finding extends Place {
  readonly rule: RuleName
  /** What exactly: the unknown field, the other spelling. */
  readonly detail: string | undefined
}

export interface LintOptions {
  /** How many choices the request asked for, where the recording does not tell. */
  readonly n?: number | undefined
  readonly cumulative?: boolean | undefined
}

/** Everything about a stream that is not as the format has it, in the order of the wire. */
export async function lintCapture({ head, reads }: Capture, options: LintOptions = {}): Promise<Finding[]> {
  const pieces: Uint8Array[] = []
  const times: ReturnType<typeof timeOf>[] = []
  let failure: unknown
  try {
    for await (const read of reads) {
      pieces.push(read.bytes)
      times.push(timeOf(read))
    }
  } catch (reason) {
    failure = reason
  }
  const linter = createLinter(Buffer.concat(pieces), head, options)
  await linter.readBody()
  linter.judge(failure)
  checkTransport(head, times, linter.events, (rule, detail) => linter.say(rule, detail))
  return linter.findings.toSorted((a, b) => a.offset - b.offset)
}

function createLinter(bytes: Uint8Array, head: RecordingHead | undefined, options: LintOptions) {
  const findings: Finding[] = []
  const lines = linesOf(bytes)
  const isEventStream = !/^[\s\uFEFF]*(?:[{[<]|$)/.test(new TextDecoder().decode(bytes.subarray(0, 1024)))
  const blocks = isEventStream ? blocksOf(bytes, lines) : linesAsBlocks(bytes, lines)
  const asked = askedOf(head)
  const shape = createShapeChecker()
  let place: Place = { event: undefined, offset: 0, line: 1, text: '' }
  let events = 0
  let sum: ChatCompletionChunk | undefined
  let error: AnyStreamError | undefined
  let hasDone = false

  const say = (rule: RuleName, detail?: string): void => {
    findings.push({ ...place, rule, detail })
  }

  const decoder: Decoder = createDecoder({
    // What the request says is the best witness.
    n: options.n ?? asked.n,
    cumulative: options.cumulative,
    lenient: true,
    onRepair: say,
  })

  function stand(block: Block, event: number | undefined): void {
    const line = block.lines.find(({ text }) => text.startsWith('data')) ?? block.lines[0]
    const offset = line?.offset ?? block.offset
    place = { event, offset, line: lineAt(offset), text: excerpt(line?.text ?? '') }
  }

  let lineBefore = 0
  /** Counted from 1. Places come in order, or nearly so. */
  function lineAt(offset: number): number {
    if ((lines[lineBefore]?.offset ?? 0) > offset) lineBefore = 0
    while ((lines[lineBefore + 1]?.offset ?? Infinity) <= offset) lineBefore++
    return lineBefore + 1
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

  async function readBody(): Promise<void> {
    checkBody(bytes, lines, say)
    if (!isEventStream && bytes.length > 0) say('not-event-stream')
    if (isEventStream) for (const block of blocks) checkPacking(block)
    let current: Block | undefined
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (const block of blocks) {
        current = block
        yield block.bytes
      }
    }
    try {
      for await (const event of readEvents(pieces())) if (current !== undefined) take(event, current)
    } catch (reason) {
      // A limit of the reader; anything else is a fault of ours.
      if (!isStreamError(reason)) throw reason
      error ??= reason
    }
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
    const rest = decoder.end()
    for (const chunk of rest.chunks) sum = mergeChunk(sum, chunk)
    error ??= rest.error
    place = {
      event: events === 0 ? undefined : events,
      offset: bytes.length,
      line: Math.max(1, lines.length),
      text: '',
    }
    shape.end(say)
    if (failure !== undefined) say('connection-broke', failure instanceof Error ? failure.message : undefined)
    if (error?.code === 'incomplete_stream') say('incomplete')
    // Of a refusal nobody expects an answer.
    const isRefused = head !== undefined && Math.floor(head.response.status / 100) !== 2
    if (error?.code === 'no_chunk' && !isRefused) say('no-chunk')
    if (error?.code === 'limit_exceeded') say('limit-exceeded', error.details.option)
    if (isEventStream && error === undefined && !hasDone) say('done-missing')
    if (sum !== undefined) judgeCompletion(sum)
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

  return {
    findings,
    say,
    readBody,
    judge,
    get events() {
      return events
    },
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
