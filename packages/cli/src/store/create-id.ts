import { randomBytes } from 'node:crypto'

/** Letters and digits that are not taken for one another (Crockford's base 32), all of them easy to type. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

export const idLength = 12

/** Names a thread or a message: 60 bits by lot, so that two processes never give the same, and the first six tell it. */
export function createId(): string {
  return Array.from(randomBytes(idLength), (byte) => alphabet[byte % 32]).join('')
}
