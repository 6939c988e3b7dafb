import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Engine } from '../engine.ts'
import type { Principal } from '../hub/principal.ts'
import { fromStore } from '../refusal.ts'

/** Words that let somebody in once, within a minute: for addresses, which are logged, and where no header can be set. */
export interface Tickets {
  issue(principal: Principal): Ticket
  /** Whom a ticket was issued to; `undefined` for one that is not ours, too old, or used. */
  redeem(ticket: string): Promise<Principal | undefined>
}

/** A word that lets somebody in once, within a minute. */
export interface Ticket {
  /** For `?ticket=` in an address. */
  readonly ticket: string
  /** Unix milliseconds. */
  readonly expiresAt: number
}

export interface TicketOptions {
  readonly engine: Engine
  readonly clock: Clock
  readonly secret: string | undefined
}

interface Said {
  readonly principal: Principal
  readonly expiresAt: number
  readonly nonce: string
}

const TICKET_MS = 60_000

/**
 * Makes tickets that any node with the same secret understands. The engine sees that each is used once.
 *
 * @param options without a secret, only this node understands its tickets
 */
export function createTickets({ engine, clock, secret }: TicketOptions): Tickets {
  const key = secret ?? randomBytes(32)
  const sign = (body: string): Buffer => createHmac('sha256', key).update(body).digest()

  return {
    issue(principal) {
      const expiresAt = clock.date() + TICKET_MS
      const said: Said = { principal, expiresAt, nonce: randomBytes(16).toString('base64url') }
      const body = Buffer.from(JSON.stringify(said)).toString('base64url')
      return { ticket: `${body}.${sign(body).toString('base64url')}`, expiresAt }
    },
    async redeem(ticket) {
      const [body = '', signature = ''] = ticket.split('.')
      const given = Buffer.from(signature, 'base64url')
      const right = sign(body)
      if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
      // Its signature says that we wrote it.
      const { principal, expiresAt, nonce } = JSON.parse(Buffer.from(body, 'base64url').toString()) as Said
      if (expiresAt <= clock.date()) return undefined
      return (await fromStore(engine.once(`ticket:${nonce}`, TICKET_MS))) ? principal : undefined
    },
  }
}
