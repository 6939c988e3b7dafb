import type { Chat, Connection } from '@deltawire/browser'

/** What one lane has cost and how fast it was. */
export interface Figures {
  /** Begins to count again. */
  reset(): void
  /** Called when all that a change draws has been drawn. */
  drawn(): void
  /** Called when something of it may have changed, at most a few times a second. */
  readonly rows: () => readonly (readonly [name: string, value: string])[]
}

/** Tasks of this page in which it could answer nobody, 50 ms and more each. Not every browser tells. */
let longTasks = 0
if (PerformanceObserver.supportedEntryTypes.includes('longtask'))
  new PerformanceObserver((list) => (longTasks += list.getEntries().length)).observe({ type: 'longtask' })

/** Counts what happens in a chat: chunks, characters, drawings, reconnects, and the time to the first chunk. */
export function watchFigures(chat: Chat, now: () => number = () => performance.now()): Figures {
  let began = 0
  let first: number | undefined
  let last = 0
  let chunks = 0
  let characters = 0
  let drawings = 0
  let drawingSince = 0
  let drawingMs = 0
  let longTasksBefore = 0
  let reconnects = 0
  let before: Connection = 'idle'

  chat.on('chunk', ({ chunk }) => {
    last = now()
    first ??= last
    chunks += 1
    characters += JSON.stringify(chunk).length
  })
  chat.subscribe(() => {
    drawings += 1
    drawingSince = now()
    const { connection } = chat.getSnapshot()
    if (connection === 'reconnecting' && before !== 'reconnecting') reconnects += 1
    before = connection
  })

  return {
    reset() {
      began = now()
      first = undefined
      chunks = characters = drawings = drawingMs = reconnects = 0
      longTasksBefore = longTasks
    },
    drawn: () => void (drawingMs += now() - drawingSince),
    rows: () => [
      ['first chunk', first === undefined ? '–' : `${Math.round(first - began)} ms`],
      ['chunks', String(chunks)],
      ['per second', first === undefined || last <= first ? '–' : String(Math.round((chunks * 1000) / (last - first)))],
      ['drawings', String(drawings)],
      ['a drawing', drawings === 0 ? '–' : `${(drawingMs / drawings).toFixed(1)} ms`],
      ['long tasks', String(longTasks - longTasksBefore)],
      ['received', `${(characters / 1000).toFixed(1)} kB`],
      ['reconnects', String(reconnects)],
    ],
  }
}
