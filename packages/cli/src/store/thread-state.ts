import type { Entries } from './entries.ts'

/** What became of a conversation, as far as the entries of the log tell it. */
export interface ThreadState {
  readonly id: string
  /** Conversations are numbered in the order in which they began. */
  readonly number: number
  /** The entry whose line has its title. */
  titleEntry: number
  /** The entry of its first prompt. */
  first: number | undefined
  messages: number
  /** The entry where it goes on. */
  tip: number | undefined
  readonly createdAt: number
  updatedAt: number
  isRemoved: boolean
}

/** What became of every conversation, in the order of their numbers. */
export function threadStatesOf(entries: Entries): ThreadState[] {
  const states: ThreadState[] = []
  for (let at = 0; at < entries.length; at++) {
    const kind = entries.kindAt(at)
    const thread = entries.threadAt(at)
    const time = entries.timeAt(at)
    const state = states[thread]
    if (kind === 'thread') {
      if (state === undefined) states[thread] = begun(thread, entries.at(at).id, at, time)
      else state.titleEntry = at
    }
    if (state === undefined) continue
    state.updatedAt = Math.max(state.updatedAt, time)
    if (kind === 'removal') state.isRemoved = true
    if (kind === 'tip') state.tip = entries.at(at).parent
    if (kind !== 'message') continue
    state.messages += 1
    // A prompt without an answer is a branch that ended: the next one begins where somebody had answered.
    if (entries.isAnswerAt(at)) state.tip = at
    else if (entries.isPromptAt(at)) state.first ??= at
  }
  return states
}

function begun(number: number, id: string, at: number, time: number): ThreadState {
  return {
    id,
    number,
    titleEntry: at,
    first: undefined,
    messages: 0,
    tip: undefined,
    createdAt: time,
    updatedAt: time,
    isRemoved: false,
  }
}
