/** Which pages of other origins may ask. */
export interface CorsOptions {
  /**
   * Which pages may ask: `'*'` for all, a list of origins, or a function.
   *
   * @defaultValue `'*'`
   */
  origin?: '*' | readonly string[] | ((origin: string) => boolean) | undefined
  /** Lets a page send the cookies of its user. Needs an `origin` other than `'*'`. @defaultValue `false` */
  credentials?: boolean | undefined
  /** How long a browser remembers what it may do, in seconds. @defaultValue `600` */
  maxAge?: number | undefined
}

/** Adds to the headers of a response what lets a page read it. */
export type AllowCors = (request: Request, headers: Headers) => void

/** @throws TypeError for credentials with any origin, which browsers refuse */
export function allowCors(option: CorsOptions | boolean): AllowCors {
  if (option === false) return () => {}
  const { origin: allowed = '*', credentials = false, maxAge = 600 } = option === true ? {} : option
  if (credentials && allowed === '*')
    throw new TypeError(
      "cors with credentials must name its origins, as in { origin: ['https://example.com'], credentials: true }",
    )
  const isAllowed =
    typeof allowed === 'function' ? allowed : (origin: string) => allowed === '*' || allowed.includes(origin)

  return ({ method, headers: asked }, headers) => {
    const origin = asked.get('origin')
    // Caches must not give one page what was meant for another.
    if (allowed !== '*') headers.append('vary', 'origin')
    if (origin === null || !isAllowed(origin)) return
    headers.set('access-control-allow-origin', allowed === '*' ? '*' : origin)
    if (credentials) headers.set('access-control-allow-credentials', 'true')
    headers.set('access-control-expose-headers', 'retry-after')
    if (method !== 'OPTIONS') return
    headers.set('access-control-allow-methods', headers.get('allow') ?? 'POST')
    headers.set('access-control-allow-headers', asked.get('access-control-request-headers') ?? 'content-type')
    headers.set('access-control-max-age', String(maxAge))
  }
}
