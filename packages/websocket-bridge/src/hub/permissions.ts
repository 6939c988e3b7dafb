import { Refusal } from '../refusal.ts'
import type { AboutStream, Action, Authorize, Principal } from './principal.ts'
import { unknownStream } from './refusals.ts'

/** Who may do what. */
export interface Permissions {
  may(principal: Principal, action: Action): Promise<boolean>
  /** @throws Refusal for whoever may not: to whoever may not even read a stream, it does not exist */
  checkOn(principal: Principal, kind: 'cancel' | 'read' | 'tool', stream: AboutStream): Promise<void>
}

export function createPermissions(authorize: Authorize): Permissions {
  async function may(principal: Principal, action: Action): Promise<boolean> {
    // A function that forgets to answer must not let anybody do anything.
    return (await authorize(principal, action)) === true
  }

  return {
    may,
    async checkOn(principal, kind, { id, owner, topic }) {
      const stream = { id, owner, topic }
      if (await may(principal, { kind, stream })) return
      const mayRead = kind !== 'read' && (await may(principal, { kind: 'read', stream }))
      throw mayRead ? new Refusal('forbidden', 'This is not yours to do.') : unknownStream()
    },
  }
}
