import type { Status } from '../protocol/frame.ts'
import type { Wants } from './wants.ts'

/** Stops a stream. Gives how it ended, or will. */
export async function cancelStream(s: string, wants: Wants, why?: string): Promise<Status> {
  const { st = 'cancelled' } = await wants.ask((id) => ({ t: 'cancel', id, s, why }))
  return st
}
