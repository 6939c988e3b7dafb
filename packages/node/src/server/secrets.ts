import type { EndpointOptions } from '../endpoint.ts'
import { ApiError } from './api-error.ts'

export interface Secrets<T extends EndpointOptions> {
  /** The options, with an ear on the keys that a function gives. */
  readonly upstream: T
  /** The error without any of them: upstreams like to quote a key that they refuse. */
  hide(error: ApiError): ApiError
}

/** What is shorter is no key, and would be found everywhere. */
const SHORTEST = 8
/** A function may give a new key every time. The last ones are in use. */
const MOST = 32
/** Which headers hold a key. */
const KEY = /auth|key|token|secret|cookie/i

/** Keeps the keys of an upstream from its clients. */
export function secretsOf<T extends EndpointOptions>(upstream: T): Secrets<T> {
  const known = new Set<string>()

  function learn(value: string): string {
    const secret = value.replace(/^(?:Bearer|Basic) /i, '')
    if (secret.length < SHORTEST) return value
    known.delete(secret)
    known.add(secret)
    const [oldest] = known
    if (known.size > MOST && oldest !== undefined) known.delete(oldest)
    return value
  }

  function hide(error: ApiError): ApiError {
    const said = JSON.stringify(error.body)
    let safe = said
    for (const secret of known) safe = safe.replaceAll(JSON.stringify(secret).slice(1, -1), '[hidden]')
    if (safe === said) return error
    // It has the same shape, of which only texts have changed.
    const { error: init } = JSON.parse(safe) as ApiError['body']
    return new ApiError(error.status, { ...init, headers: error.headers, cause: error })
  }

  const { headers = {}, apiKey = process.env['OPENAI_API_KEY'] } = upstream
  const entries = Symbol.iterator in headers ? [...headers] : Object.entries(headers)
  for (const [name, value] of entries) if (typeof value === 'string' && KEY.test(name)) learn(value)
  if (typeof apiKey === 'string') learn(apiKey)
  const listening = typeof apiKey === 'function' ? { apiKey: async () => learn(await apiKey()) } : {}
  return { upstream: { ...upstream, ...listening }, hide }
}
