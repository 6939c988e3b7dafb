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
/** Which headers, and which parameters of an address, hold a key. */
const KEY = /auth|key|token|secret|cookie|^sig/i

/** Keeps the keys of an upstream from its clients. */
export function secretsOf<T extends EndpointOptions>(upstream: T): Secrets<T> {
  /** Those that stay, and those of a function, which come and go. */
  const fixed = new Set<string>()
  const turning = new Set<string>()

  function learn(value: string, known: Set<string>): string {
    const secret = value.replace(/^(?:Bearer|Basic) /i, '')
    if (secret.length < SHORTEST) return value
    known.delete(secret)
    known.add(secret)
    return value
  }

  function learnTurning(value: string): string {
    learn(value, turning)
    const [oldest] = turning
    if (turning.size > MOST && oldest !== undefined) turning.delete(oldest)
    return value
  }

  function hide(error: ApiError): ApiError {
    const said = JSON.stringify(error.body)
    let safe = said
    // The longest first: one may begin with another.
    const secrets = [...fixed, ...turning].sort((a, b) => b.length - a.length)
    for (const secret of secrets) safe = safe.replaceAll(JSON.stringify(secret).slice(1, -1), '[hidden]')
    if (safe === said) return error
    // It has the same shape, of which only texts have changed.
    const { error: init } = JSON.parse(safe) as ApiError['body']
    return new ApiError(error.status, { ...init, headers: error.headers, cause: error })
  }

  const { headers = {}, apiKey = process.env['OPENAI_API_KEY'] } = upstream
  const entries = Symbol.iterator in headers ? [...headers] : Object.entries(headers)
  for (const [name, value] of entries) if (typeof value === 'string' && KEY.test(name)) learn(value, fixed)
  for (const value of keysInAddress(upstream.baseURL ?? process.env['OPENAI_BASE_URL'])) learn(value, fixed)
  if (typeof apiKey === 'string') learn(apiKey, fixed)
  const listening = typeof apiKey === 'function' ? { apiKey: async () => learnTurning(await apiKey()) } : {}
  return { upstream: { ...upstream, ...listening }, hide }
}

/** The keys in the query of an address, as they are written there and as they are meant. */
function keysInAddress(address: string | undefined): string[] {
  if (address === undefined || !URL.canParse(address)) return []
  const { search, searchParams } = new URL(address)
  const written = search
    .slice(1)
    .split('&')
    .map((pair) => pair.slice(pair.indexOf('=') + 1))
  return [...searchParams].flatMap(([name, value], at) => (KEY.test(name) ? [value, written[at] ?? value] : []))
}
