import type { Environment, Output } from '../io.ts'
import { hasColors } from './colors.ts'
import type { TextStyle } from './create-text-writer.ts'

/** Faint text where the output wants colours. */
export function dimOn(output: Output, env: Environment): TextStyle | undefined {
  return hasColors(output, env) ? { open: '\u001B[2m', close: '\u001B[22m' } : undefined
}
