import { sha256 } from './sha256.ts'

/**
 * The checksum of a sum: the first 128 bits of the SHA-256 of its canonical JSON, in hexadecimal.
 *
 * @param sum the sum as it travels, `undefined` for that of no chunks
 */
export const checksum = (sum: object | undefined): string => sha256(canonicalJson(sum ?? {})).slice(0, 32)

/**
 * JSON of which there is one per value: keys in the order of their UTF-16 code units, and no field that is `null`.
 *
 * In which order keys first appear depends on where chunks were summed, and whether `null` was written on what somebody
 * left out. Everything else does not. Numbers and texts are written as ECMAScript does (as in RFC 8785); half a surrogate
 * pair is an escape, so the text is always valid UTF-8.
 */
export function canonicalJson(value: unknown): string {
  // What JSON has no word for is `null` in a list, and no field.
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`
  // Written by hand: an object with sorted keys would still put those that look like numbers first.
  const fields = value as { readonly [key: string]: unknown }
  const written = Object.keys(fields)
    .sort()
    .filter((key) => fields[key] !== null && fields[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(fields[key])}`)
  return `{${written.join()}}`
}
