import type { Output } from '../io.ts'
import { visible } from './visible.ts'

export interface TextWriter {
  write(text: string): Promise<void>
  /** Writes what was held back, on a terminal ends the line, and waits until all of it has left. */
  end(): Promise<void>
}

export interface TextStyle {
  /** Written before the text and after it. */
  open: string
  close: string
}

/**
 * Writes a model's text as it arrives: exactly in a pipe, with its control characters made visible on a terminal.
 *
 * Holds back only what the next piece can change: half of a surrogate pair, and on a terminal a CR that may belong to a
 * line end.
 */
export function createTextWriter(output: Output, style?: TextStyle): TextWriter {
  let held = ''
  let last = ''

  async function print(text: string) {
    if (text === '') return
    const shown = output.isTTY ? visible(text) : text
    const isFirst = last === ''
    last = shown.at(-1) ?? ''
    await output.write(isFirst && style !== undefined ? style.open + shown : shown)
  }

  return {
    async write(piece) {
      const text = held + piece
      held = (output.isTTY ? /[\r\uD800-\uDBFF]$/ : /[\uD800-\uDBFF]$/).exec(text)?.[0] ?? ''
      await print(text.slice(0, text.length - held.length))
    },
    async end() {
      await print(held)
      held = ''
      if (last === '') return
      if (style !== undefined) await output.write(style.close)
      if (output.isTTY && last !== '\n') await output.write('\n')
      last = ''
      // What another output says next stands below, also when both are one terminal.
      await output.flush()
    },
  }
}
