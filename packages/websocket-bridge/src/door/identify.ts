import type { Clock } from '../clock.ts'
import { ANYBODY, type Authenticate, type Principal } from '../hub/principal.ts'
import { Refusal } from '../refusal.ts'
import type { Tickets } from './tickets.ts'

/** What a request shows of who it is from, strongest first. */
export interface Shown {
  /** Of the `hello` frame, or the `Authorization` header. */
  readonly token?: string | undefined
  readonly ticket?: string | undefined
  /** Only of a request whose origin is allowed. */
  readonly cookie?: string | undefined
}

/** Says who asks. @throws Refusal with `unauthorized` for nobody that is known */
export type Identify = (shown: Shown) => Promise<Principal>

/**
 * Makes the question of who asks.
 *
 * @param authenticate without it everybody is let in
 * @param cookies whether cookies count
 */
export function createIdentify(
  authenticate: Authenticate | undefined,
  tickets: Tickets,
  cookies: boolean,
  clock: Clock,
): Identify {
  async function find({ token, ticket, cookie }: Shown): Promise<Principal | undefined> {
    if (authenticate === undefined) return ANYBODY
    if (token !== undefined) return authenticate({ token })
    if (ticket !== undefined) return tickets.redeem(ticket)
    return cookies && cookie !== undefined ? authenticate({ cookie }) : authenticate({})
  }

  return async (shown) => {
    const principal = await find(shown)
    if (principal === undefined || principal === null) throw new Refusal('unauthorized', 'It is not known who this is.')
    if ((principal.expiresAt ?? Infinity) <= clock.date()) throw new Refusal('unauthorized', 'The token has expired.')
    return principal
  }
}

/** The token of an `Authorization` header. */
export const bearerOf = (header: string | null | undefined): string | undefined =>
  /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1]
