import type { Environment, Output } from '../io.ts'

export type ColorName = 'blue' | 'cyan' | 'dim' | 'green' | 'magenta' | 'red' | 'yellow'

export type Colors = { readonly [N in ColorName]: (text: string) => string }

const codes: { readonly [N in ColorName]: readonly [open: number, close: number] } = {
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
}

/** Colours where the output is a terminal that wants them (https://no-color.org), otherwise the text as it is. */
export function colorsOn(output: Output, { NO_COLOR = '', FORCE_COLOR = '', TERM }: Environment): Colors {
  const isWanted = NO_COLOR === '' && ((output.isTTY && TERM !== 'dumb') || (FORCE_COLOR !== '' && FORCE_COLOR !== '0'))
  const paint =
    ([open, close]: readonly [number, number]) =>
    (text: string) =>
      isWanted && text !== '' ? `\u001B[${open}m${text}\u001B[${close}m` : text
  return Object.fromEntries(Object.entries(codes).map(([name, code]) => [name, paint(code)])) as Colors
}
