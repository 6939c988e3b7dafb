import { holdAlone } from '../hold-terminal.ts'
import type { Io } from '../io.ts'
import { columnLines, type Column, type Size } from './column-lines.ts'

/** What is drawn while answers arrive. */
export interface LiveColumns {
  /** Gives the screen back as it was, once and for all. */
  stop(): Promise<void>
}

/** Smooth for a reader, and little work however fast chunks come. */
const stepMs = 100

/** A screen of its own, without a cursor. What is wider than it was thought to be is cut, and moves nothing. */
const screen = { on: '\u001B[?1049h\u001B[?25l\u001B[?7l', off: '\u001B[?7h\u001B[?25h\u001B[?1049l' }
const top = '\u001B[H'
const emptyLine = '\u001B[2K'
const restOfScreen = '\u001B[J'

/**
 * Draws the columns again and again until it is stopped, or the user wants us to stop.
 *
 * The clock sets the pace, not the chunks. The size of the window is asked for every time: that is how a change of it is
 * noticed. Ctrl-C gives the screen back at once and not when the answers have ended: a second one ends the process.
 */
export function showLive(columnsAt: (now: number) => readonly Column[], io: Io): LiveColumns {
  const { stdout, clock, signal, holdTerminal: hold = holdAlone } = io
  const stopped = new AbortController()
  const stop = () => stopped.abort()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()

  async function draw(): Promise<void> {
    // What fails at once needs no screen.
    await clock.sleep(stepMs, stopped.signal)
    if (stopped.signal.aborted) return
    let shown = ''
    let isOurs = false
    const write = (text: string) => (stdout.writeNow ? stdout.writeNow(text) : void stdout.write(text))
    const held = hold({
      take() {
        // Another program may have drawn on it since.
        shown = ''
        write(screen.on)
        isOurs = true
      },
      giveBack() {
        isOurs = false
        write(screen.off)
      },
    })
    try {
      while (!stopped.signal.aborted) {
        const size = { width: stdout.columns?.() ?? 80, height: stdout.rows?.() ?? 24 }
        const next = frame(columnsAt(clock.now()), size)
        // A window of another size has lost what stood in it.
        const key = `${size.width} ${size.height} ${next}`
        if (key !== shown && isOurs) {
          await stdout.write(next)
          shown = key
        }
        await clock.sleep(stepMs, stopped.signal)
      }
    } finally {
      held.release()
      await stdout.flush()
    }
  }

  const drawing = draw()
  // Heard of in `stop`, which may be later.
  drawing.catch(() => {})
  return {
    async stop() {
      signal.removeEventListener('abort', stop)
      stop()
      await drawing
    },
  }
}

function frame(columns: readonly Column[], { width, height }: Required<Size>): string {
  const lines = columnLines(columns, { width, height })
  return top + lines.map((line) => emptyLine + line).join('\r\n') + (lines.length < height ? `\r\n${restOfScreen}` : '')
}
