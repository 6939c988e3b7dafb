/** Which web pages may use this relay, and under which names it may be called. */
export interface OriginOptions {
  /**
   * Origins of pages that may connect, as in `'https://app.example.com'`; `'*'` for all.
   *
   * A page of any other origin is refused: browsers let every page open a WebSocket anywhere, with the user's cookies.
   *
   * @defaultValue those of the host that was asked
   */
  origins?: '*' | readonly string[] | undefined
  /**
   * Names (with their port) under which this relay may be called, as in `'relay.example.com'`.
   *
   * Needed on a machine without a proxy before it, where a page can give its own name our address.
   *
   * @defaultValue all
   */
  hosts?: readonly string[] | undefined
}

export interface Caller {
  /** The `Origin` header. Absent: no browser, or a page of our own host that reads. */
  readonly origin: string | undefined
  /** The `Host` header. */
  readonly host: string | undefined
}

/** What to make of a request by where it comes from. */
export type OriginVerdict =
  /** No browser, or one that does not say: its cookies count for nothing. */
  'unknown' | 'allowed' | 'refused'

/** Makes the check of where requests come from. */
export function checkOrigins({ origins, hosts }: OriginOptions): (caller: Caller) => OriginVerdict {
  const names = hosts?.map((host) => host.toLowerCase())
  const allowed = typeof origins === 'object' ? new Set(origins.map((origin) => originOf(origin))) : undefined
  return ({ origin, host }) => {
    const called = host?.toLowerCase()
    if (names !== undefined && (called === undefined || !names.includes(called))) return 'refused'
    if (origin === undefined) return 'unknown'
    if (origins === '*') return 'allowed'
    // A page in a sandbox, a file: they say "null".
    if (!URL.canParse(origin)) return 'refused'
    const isAllowed = allowed === undefined ? new URL(origin).host === called : allowed.has(new URL(origin).origin)
    return isAllowed ? 'allowed' : 'refused'
  }
}

/** @throws TypeError for what is no origin: a slip here would open or close the door for everybody */
function originOf(origin: string): string {
  // 'app.example.com:443' is a URL too, of the scheme 'app.example.com', and its origin is 'null'.
  if (/^https?:/i.test(origin) && URL.canParse(origin)) return new URL(origin).origin
  throw new TypeError(`"${origin}" is no origin: origins are like 'https://app.example.com'`)
}
