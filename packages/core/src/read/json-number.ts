/**
 * The grammar of a number (RFC 8259, section 6): where a character leads from each place, `0` being nowhere.
 *
 * From {@link WHOLE} on a number may end.
 */
const grammar = [
  // 0, 1-9, point, e, plus, minus
  [5, 6, 0, 0, 0, 1], // the beginning
  [5, 6, 0, 0, 0, 0], // 1: behind the minus
  [7, 7, 0, 0, 0, 0], // 2: behind the point
  [8, 8, 0, 0, 4, 4], // 3: behind the e
  [8, 8, 0, 0, 0, 0], // 4: behind the sign of the exponent
  [0, 0, 2, 3, 0, 0], // 5: behind a zero that comes first
  [6, 6, 2, 3, 0, 0], // 6: in the integer
  [7, 7, 0, 3, 0, 0], // 7: in the fraction
  [8, 8, 0, 0, 0, 0], // 8: in the exponent
]

export const WHOLE = 5

/** The kinds of characters, by their codes; `1` for the digits that are not listed. */
const kinds: { readonly [character: number]: number } = { 0x30: 0, 0x2e: 2, 0x65: 3, 0x45: 3, 0x2b: 4, 0x2d: 5 }

/** Where a character leads from a place in a number, `0` being its beginning; `0` if the number cannot go on so. */
export function numberStep(place: number, character: number): number {
  const kind = character > 0x30 && character <= 0x39 ? 1 : kinds[character]
  return kind === undefined ? 0 : (grammar[place]?.[kind] ?? 0)
}
