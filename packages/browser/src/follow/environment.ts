import { onWindow } from './on-window.ts'

/** What the client knows of the page, of time and of chance. Handed in, so that no test of it sleeps. */
export interface Environment {
  /** Milliseconds since 1970. The wall clock, because it goes on while a machine sleeps. */
  now(): number
  /** From 0 to 1. */
  random(): number
  /** Calls back once, after `ms`. Gives what cancels it. */
  after(ms: number, callback: () => void): () => void
  /** Calls back before the next frame is painted. Not while the page is hidden. Gives what cancels it. */
  frame(callback: () => void): () => void
  /** Lets the page do something else in between. */
  yield(): Promise<void>
  /** Whether nobody sees the page. */
  readonly isHidden: boolean
  /** Whether the machine has a network, as far as it knows. */
  readonly isOnline: boolean
  /** Calls back when the page is seen again, comes out of the back/forward cache, or has a network again. */
  onWake(callback: () => void): () => void
}

/** Timers above this ring at once, says `setTimeout`. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** What there is of it on a server. */
const around = globalThis as Partial<typeof globalThis>

/** The page. On a server: always visible and online, and never woken. */
export const page: Environment = {
  now: () => Date.now(),
  random: () => Math.random(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_TIMER_MS))
    return () => clearTimeout(timer)
  },
  frame(callback) {
    if (around.requestAnimationFrame === undefined) return page.after(16, callback)
    const frame = requestAnimationFrame(callback)
    return () => cancelAnimationFrame(frame)
  },
  // A timer of 0 ms is one of 4 ms after the fifth in a row, and of a second in a hidden page; a message is not.
  yield() {
    const { scheduler } = globalThis as { scheduler?: { yield?(): Promise<void> } }
    return (
      scheduler?.yield?.() ??
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel()
        // oxlint-disable-next-line unicorn/prefer-add-event-listener -- which would not open the port
        port1.onmessage = () => resolve(port1.close())
        port2.postMessage(null)
      })
    )
  },
  get isHidden() {
    return around.document?.hidden === true
  },
  get isOnline() {
    // Node.js has a navigator that does not say.
    return around.navigator?.onLine !== false
  },
  // The event of the document bubbles up to the window.
  onWake: (callback) =>
    onWindow(['visibilitychange', 'pageshow', 'online'], () => {
      if (!page.isHidden) callback()
    }),
}
