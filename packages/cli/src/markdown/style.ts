/** How a piece of text looks. Compared by identity of its parts: a style is made once and never changed. */
export interface Style {
  readonly bold?: boolean
  readonly italic?: boolean
  readonly strike?: boolean
  readonly underline?: boolean
  readonly dim?: boolean
  readonly code?: boolean
  /** Where it leads: shown by the terminal itself (OSC 8). */
  readonly link?: string
}

export const plain: Style = {}
export const dimmed: Style = { dim: true }

/** What a terminal is told: https://www.ecma-international.org/publications-and-standards/standards/ecma-48/, SGR. */
const codes: { readonly [K in Exclude<keyof Style, 'link'>]: readonly [on: number, off: number] } = {
  bold: [1, 22],
  dim: [2, 22],
  italic: [3, 23],
  underline: [4, 24],
  strike: [9, 29],
  code: [36, 39],
}

const names = Object.keys(codes) as (keyof typeof codes)[]

/** What makes a terminal go from one style to the other. */
export function transition(from: Style, to: Style): string {
  if (isSame(from, to)) return ''
  const on = names.filter((name) => from[name] === true)
  const next = names.filter((name) => to[name] === true)
  // Bold and faint end with the same code, so everything ends and begins anew.
  const off = [...new Set(on.map((name) => codes[name][1]))]
  const sgr =
    on.join() === next.join()
      ? ''
      : [...off, ...next.map((name) => codes[name][0])].map((code) => `\u001B[${code}m`).join('')
  return from.link === to.link
    ? sgr
    : `${from.link === undefined ? '' : closeLink}${sgr}${to.link === undefined ? '' : openLink(to.link)}`
}

function isSame(a: Style, b: Style): boolean {
  return a === b || (a.link === b.link && names.every((name) => (a[name] ?? false) === (b[name] ?? false)))
}

/** https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda */
const closeLink = '\u001B]8;;\u001B\\'

function openLink(url: string): string {
  return `\u001B]8;;${url}\u001B\\`
}
