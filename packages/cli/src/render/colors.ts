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

/** Whether an output gets colours: https://no-color.org, https://force-color.org */
export function hasColors(
  output: Pick<Output, 'isTTY'>,
  { NO_COLOR = '', FORCE_COLOR = '', TERM }: Environment,
): boolean {
  if (NO_COLOR !== '') return false
  if (FORCE_COLOR !== '') return FORCE_COLOR !== '0'
  return output.isTTY && TERM !== 'dumb'
}

/** Colours where the output wants them, otherwise the text as it is. */
export function colorsOn(output: Output, env: Environment): Colors {
  const isWanted = hasColors(output, env)
  const paint =
    ([open, close]: readonly [number, number]) =>
    (text: string) =>
      isWanted && text !== '' ? `\u001B[${open}m${text}\u001B[${close}m` : text
  return Object.fromEntries(Object.entries(codes).map(([name, code]) => [name, paint(code)])) as Colors
}
