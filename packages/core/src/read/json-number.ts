/**
 * The grammar of a number (RFC 8259, section 6): where a character leads from each place, `0` being nowhere.
 *
 * From {@link WHOLE} on a number may end.
 */
const grammar = [
  // 0, 1-9, point, e, plus, minus
  '560001', // the beginning
  '56', // 1: behind the minus
  '77', // 2: behind the point
  '880044', // 3: behind the e
  '88', // 4: behind the sign of the exponent
  '0023', // 5: behind a zero that comes first
  '6623', // 6: in the integer
  '7703', // 7: in the fraction
  '88', // 8: in the exponent
]

export const WHOLE = 5

/** The kinds of characters, by their codes; `1` for the digits that are not listed, `6` for what no number has. */
const kinds: { readonly [character: number]: number } = { 0x30: 0, 0x2e: 2, 0x65: 3, 0x45: 3, 0x2b: 4, 0x2d: 5 }

/** Where a character leads from a place in a number, `0` being its beginning; `0` if the number cannot go on so. */
export function numberStep(place: number, character: number): number {
  const kind = character > 0x30 && character <= 0x39 ? 1 : (kinds[character] ?? 6)
  return Number(grammar[place]?.[kind] ?? 0)
}
