import { formatPosition, isPrefix } from '../protocol/position.ts'
import type { SharedFrame } from './shared-frame.ts'
import type { StreamLog } from './stream-log.ts'

/** What to send to a reader, and where the reader is after it. */
export interface Step {
  readonly frame: SharedFrame
  readonly e: string
  readonly o: number
  /** Nothing follows it now. Holds while the log does not change, as the step does. */
  readonly isLast: boolean
}

/** Tells what to send to whoever is at a position. */
export interface SendRule {
  /** The next frame for a reader at this position; `undefined` when there is nothing to send now. */
  next(e: string, o: number): Step | undefined
  /** Whether there is one, without making it. */
  hasNext(e: string, o: number): boolean
}

/** No frame covers more than this of a log, so that it passes any buffer on its way. */
const MAX_RANGE_LENGTH = 65_536
/** Readers that woke together stand at a few positions. */
const MAX_CACHED = 64

/**
 * Makes the rule of a log. It is asked when something is sent, never when somebody subscribes: between the two the log may
 * have been cut, trimmed or have ended.
 *
 * What it answers is kept while the log does not change: a thousand readers that wake together cost one frame.
 */
export function createSendRule(log: StreamLog): SendRule {
  const cache = new Map<string, Step | undefined>()
  let version = -1
  /** Most readers stand at the same position: the last answer is found without looking it up. */
  let last: { e: string; o: number; step: Step | undefined } | undefined

  function next(e: string, o: number): Step | undefined {
    if (version !== log.version) {
      cache.clear()
      last = undefined
      version = log.version
    }
    if (last === undefined || last.o !== o || last.e !== e) last = { e, o, step: cachedStep(e, o) }
    return last.step
  }

  function cachedStep(e: string, o: number): Step | undefined {
    const key = `${o}.${e}`
    const cached = cache.get(key)
    if (cached !== undefined) return cached
    const step = decide(log, e, o)
    if (cache.size >= MAX_CACHED) cache.clear()
    cache.set(key, step)
    return step
  }

  /** The sum is long: one copy serves all who need it. */
  let whole: { version: number; step: Step } | undefined
  function wholeStep(): Step {
    if (whole?.version !== log.version) whole = { version: log.version, step: sumStep(log) }
    return whole.step
  }

  function decide({ lineage, epoch, base, tail, end }: StreamLog, e: string, o: number): Step | undefined {
    if (!isPrefix(lineage, tail, { e, o })) return wholeStep()
    if (e !== epoch) return renameStep(log, e, o)
    if (o < tail) {
      if (o < base || o === 0) return wholeStep()
      const to = log.reach(o, MAX_RANGE_LENGTH)
      return dataStep(log, o, to, log.merged(o, to))
    }
    return end === undefined ? undefined : endStep(log)
  }

  return {
    next,
    hasNext: (e, o) => o !== log.tail || e !== log.epoch || log.end !== undefined,
  }
}

/** Whether there is nothing after this offset of the present epoch. */
const isHead = ({ tail, end }: StreamLog, o: number): boolean => o === tail && end === undefined

function sumStep(log: StreamLog): Step {
  const sum = log.sum()
  return dataStep(log, 0, log.tail, sum === undefined ? '' : JSON.stringify(sum))
}

/** Same content, another epoch. */
function renameStep(log: StreamLog, from: string, o: number): Step {
  const { id, epoch } = log
  const text = JSON.stringify({ t: 'd', s: id, e: epoch, o, n: 0, c: [], p: from })
  const position = formatPosition({ e: epoch, o })
  const frame: SharedFrame = { kind: 'd', text, covers: 0, position, isWhole: o === 0 }
  return { frame, e: epoch, o, isLast: isHead(log, o) }
}

/** @param chunks JSON, without the brackets of the list */
function dataStep(log: StreamLog, from: number, o: number, chunks: string): Step {
  const { id, epoch: e } = log
  const covers = o - from
  // Written by hand: the chunks are JSON already. Neither an id nor an epoch holds anything to escape.
  const text = `{"t":"d","s":"${id}","e":"${e}","o":${o},"n":${covers},"c":[${chunks}]}`
  const frame: SharedFrame = { kind: 'd', text, covers, position: formatPosition({ e, o }), isWhole: from === 0 }
  return { frame, e, o, isLast: isHead(log, o) }
}

function endStep({ id, epoch: e, tail: o, end }: StreamLog): Step {
  const text = JSON.stringify({ t: 'end', s: id, e, o, ...end })
  const frame: SharedFrame = { kind: 'end', text, covers: 0, position: formatPosition({ e, o }), isWhole: false }
  return { frame, e, o, isLast: true }
}
