/** What a line stands in: quotes and items of lists, from the outside in. */
export type Container = { readonly kind: 'quote' } | Item

export interface Item {
  readonly kind: 'item'
  /** Columns before its marker, in the source. */
  readonly indent: number
  marker: string
  readonly width: number
  /** The marker stands on the first line only. */
  isShown: boolean
}

const bullets = ['•', '◦', '▪']

/** An item as it is shown: bullets by their depth, numbers as they came. */
export function toItem(indent: number, marker: string, around: readonly Container[]): Item {
  const depth = around.filter((one) => one.kind === 'item' && bullets.includes(one.marker.trim())).length
  const shown = /^\d/.test(marker) ? marker : (bullets[depth % bullets.length] ?? '•')
  return { kind: 'item', indent, marker: `${shown} `, width: shown.length + 1, isShown: false }
}

/** How many containers, from that one on, an indentation leads into. Two columns are enough: models are careless. */
export function itemsWithin(containers: readonly Container[], from: number, indent: number): number {
  let at = from
  for (let one = containers[at]; one?.kind === 'item' && indent >= one.indent + 2; one = containers[at]) at += 1
  return at
}

/** What stands before a line, and how wide it is. Marks the items on it as shown. */
export function prefixOf(containers: readonly Container[]): string {
  let prefix = ''
  for (const one of containers) {
    if (one.kind === 'quote') prefix += '│ '
    else if (one.isShown) prefix += ' '.repeat(one.width)
    else {
      prefix += one.marker
      one.isShown = true
    }
  }
  return prefix
}

export function prefixWidth(containers: readonly Container[]): number {
  return containers.reduce((sum, one) => sum + (one.kind === 'quote' ? 2 : one.width), 0)
}
