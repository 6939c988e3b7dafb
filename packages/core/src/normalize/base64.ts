/** The digits of base64 (RFC 4648, section 4). */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/**
 * Joins two base64 texts by their bytes.
 *
 * Proxies that encode every fragment of audio on its own pad each of them; appending the texts would give invalid base64.
 */
export function joinBase64(first: string, second: string): string {
  const bits = bitsOf(first) + bitsOf(second)
  let text = ''
  for (let at = 0; at < bits.length; at += 6)
    text += DIGITS.charAt(Number.parseInt(bits.slice(at, at + 6).padEnd(6, '0'), 2))
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** The bits of the bytes that a text stands for, each a character. What is over in the last digit is none of them. */
function bitsOf(text: string): string {
  let bits = ''
  for (const digit of text) {
    const value = DIGITS.indexOf(digit)
    if (value !== -1) bits += value.toString(2).padStart(6, '0')
  }
  return bits.slice(0, bits.length - (bits.length % 8))
}

/** Splits a padded text before its last, padded group: bytes that follow would have to go into that group. */
export function splitPadding(text: string): [whole: string, tail: string] {
  if (!text.endsWith('=')) return [text, '']
  const cut = text.length - (text.length % 4 || 4)
  return [text.slice(0, cut), text.slice(cut)]
}
