import { createHash, timingSafeEqual } from 'node:crypto'
import { bearerOf } from '../door/identify.ts'
import { Refusal } from '../refusal.ts'

/**
 * Lets only admins on.
 *
 * @param adminToken what they show. Without one there is no admin
 * @throws Refusal for anybody else
 */
export function checkAdmin({ headers }: Request, adminToken: string | undefined): void {
  const given = bearerOf(headers.get('authorization'))
  if (adminToken === undefined) throw new Refusal('not_found', 'There is no such address.')
  if (given === undefined || !isSame(given, adminToken)) throw new Refusal('unauthorized', 'This is for admins.')
}

/** Compares in a time that does not tell how much of it is right. */
function isSame(given: string, right: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(given), hash(right))
}
