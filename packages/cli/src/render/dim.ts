import type { Environment, Output } from '../io.ts'
import type { TextStyle } from './create-text-writer.ts'

/** Faint text where the output is a terminal that wants colours (https://no-color.org). */
export function dimOn(output: Output, { NO_COLOR, TERM }: Environment): TextStyle | undefined {
  const isColored = output.isTTY && (NO_COLOR ?? '') === '' && TERM !== 'dumb'
  return isColored ? { open: '\u001B[2m', close: '\u001B[22m' } : undefined
}
