import type { KeptLine } from './compact-log.ts'
import type { Entries } from './entries.ts'
import type { ThreadState } from './thread-state.ts'

/** What a log has to hold so that every conversation is as it was: its beginning, its last title, its last tip. */
export function liveLines(entries: Entries, states: readonly ThreadState[]): KeptLine[] {
  const known = new Set<number>()
  const lastTip = new Map<number, number>()
  for (let at = 0; at < entries.length; at++) {
    if (entries.kindAt(at) === 'tip') lastTip.set(entries.threadAt(at), at)
  }
  const lines: KeptLine[] = []
  for (let at = 0; at < entries.length; at++) {
    const kind = entries.kindAt(at)
    const thread = entries.threadAt(at)
    const state = states[thread]
    const isFirst = kind === 'thread' && !known.has(thread)
    if (isFirst) known.add(thread)
    const isLive =
      state?.isRemoved === true
        ? // Somebody who was talking in it may add to it once more.
          kind === 'removal'
        : kind === 'message' || isFirst || state?.titleEntry === at || lastTip.get(thread) === at
    const { offset, length } = entries.at(at)
    // A conversation that only its messages speak of has no line.
    if (isLive && length > 0) lines.push({ offset, length })
  }
  return lines
}
