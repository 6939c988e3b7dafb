import type { Status } from '../protocol/frame.ts'
import type { Requests } from './requests.ts'

/** Stops a stream. Gives how it ended, or will. */
export async function cancelStream(s: string, requests: Requests, why?: string): Promise<Status> {
  const { st = 'cancelled' } = await requests.ask((id) => ({ t: 'cancel', id, s, why }))
  return st
}
