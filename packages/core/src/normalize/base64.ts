/** The digits of base64 (RFC 4648, section 4). */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/**
 * Joins two base64 texts by their bytes.
 *
 * Proxies that encode every fragment of audio on its own pad each of them; appending the texts would give invalid base64.
 */
export function joinBase64(first: string, second: string): string {
  const bytes: number[] = []
  for (const text of [first, second]) {
    let bits = 0
    let held = 0
    for (const digit of text) {
      const value = DIGITS.indexOf(digit)
      if (value === -1) continue
      held = ((held << 6) | value) & 0xffff
      bits += 6
      if (bits >= 8) {
        bits -= 8
        bytes.push((held >> bits) & 0xff)
      }
    }
  }
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = bytes.slice(i, i + 3)
    const group = (a << 16) | ((b ?? 0) << 8) | (c ?? 0)
    text += DIGITS.charAt(group >> 18) + DIGITS.charAt((group >> 12) & 63)
    text += b === undefined ? '=' : DIGITS.charAt((group >> 6) & 63)
    text += c === undefined ? '=' : DIGITS.charAt(group & 63)
  }
  return text
}

/** Splits a padded text before its last, padded group: bytes that follow would have to go into that group. */
export function splitPadding(text: string): [whole: string, tail: string] {
  if (!text.endsWith('=')) return [text, '']
  const cut = text.length - (text.length % 4 || 4)
  return [text.slice(0, cut), text.slice(cut)]
}
