import { usageError } from '../arguments/usage-error.ts'
import { holdAlone } from '../hold-terminal.ts'
import type { Io, Terminal } from '../io.ts'
import { colorsOn } from '../render/colors.ts'
import { createPager, keysIn, press, resized, screenOf, type Pager } from './pager.ts'
import { colorOfRow } from './row-line.ts'
import type { Row } from './view-rows.ts'

const alternateScreen = { on: '\u001B[?1049h\u001B[?25l', off: '\u001B[?25h\u001B[?1049l' }
const top = '\u001B[H'
const restOfLine = '\u001B[K'
/** Ctrl-Z, where it is a key. */
const suspendKey = '\u001A'
const inverse = (text: string): string => `\u001B[7m${text}\u001B[27m`

/** The terminal to step through a stream in; also when the stream itself comes through standard input. */
export async function openTerminal(io: Io): Promise<Terminal> {
  if (!io.stdout.isTTY || io.env['TERM'] === 'dumb') throw noTerminal()
  if (io.terminal !== undefined) return io.terminal()
  try {
    const [{ openSync }, { ReadStream }] = await Promise.all([import('node:fs'), import('node:tty')])
    return { input: new ReadStream(openSync('/dev/tty', 'r')), output: process.stdout }
  } catch {
    throw noTerminal()
  }
}

function noTerminal() {
  return usageError('--interactive needs a terminal', 'without it the rows are printed, as for | less')
}

/** Shows the rows, and does what the keys say, until the user leaves. The terminal is as it was then. */
export async function runPager(title: string, rows: readonly Row[], terminal: Terminal, io: Io): Promise<void> {
  const { input, output } = terminal
  const size = () => ({ width: output.columns || 80, height: output.rows || 24 })
  const colors = colorsOn(io.stdout, io.env)
  let pager = createPager(title, rows, size())

  function draw(): void {
    const lines = screenOf(pager).map(({ text, row, isChosen }) => {
      const color = row === undefined ? undefined : colorOfRow[row.kind]
      const line = color === undefined ? text : colors[color](text)
      return isChosen === true ? inverse(line) : line
    })
    output.write(top + lines.map((line) => line + restOfLine).join('\r\n'))
  }

  const { holdTerminal: hold = holdAlone } = io
  await new Promise<void>((resolve, reject) => {
    const held = hold({
      take() {
        input.setRawMode(true)
        input.resume()
        output.write(alternateScreen.on)
        // The window may be another one since.
        pager = resized(pager, size())
        draw()
      },
      giveBack() {
        input.setRawMode(false)
        input.pause()
        output.write(alternateScreen.off)
      },
    })
    function show(next: Pager): void {
      pager = next
      if (pager.isOver) leave(resolve)
      else draw()
    }
    function onData(data: Buffer | string): void {
      const pressed = keysIn(data.toString())
      show(pressed.reduce(press, pager))
      if (pressed.includes(suspendKey) && !pager.isOver) held.suspend()
    }
    const onResize = () => show(resized(pager, size()))
    const onAbort = () => leave(() => reject(io.signal.reason as Error))
    const onEnd = () => leave(resolve)
    function leave(then: () => void): void {
      input.off('data', onData).off('end', onEnd)
      output.off('resize', onResize)
      io.signal.removeEventListener('abort', onAbort)
      held.release()
      // One of our own would keep the process alive.
      if (io.terminal === undefined) input.destroy()
      then()
    }
    input.on('data', onData).on('end', onEnd)
    output.on('resize', onResize)
    io.signal.addEventListener('abort', onAbort)
  })
}
