import type { StreamChatCompletionOptions } from '../stream-chat-completion.ts'
import { ApiError } from './api-error.ts'

type Upstream = Omit<StreamChatCompletionOptions, 'signal'>

export interface Secrets {
  /** The options, with an ear on what they will send. */
  readonly upstream: Upstream
  /** The error without any of it: upstreams like to quote a key that they refuse. */
  hide(error: ApiError): ApiError
}

/** A function may give a new key every time. The last ones are in use. */
const MOST = 32
/** What is shorter is no key, and would be found everywhere. */
const SHORTEST = 8

/** The keys of an upstream, which no client may see. */
export function secretsOf(upstream: Upstream): Secrets {
  const known = new Set<string>()
  const learn = (value: unknown): void => {
    if (typeof value !== 'string') return
    const secret = value.replace(/^(?:Bearer|Basic) /i, '')
    if (secret.length < SHORTEST) return
    known.delete(secret)
    known.add(secret)
    const [oldest] = known
    if (known.size > MOST && oldest !== undefined) known.delete(oldest)
  }
  for (const [name, value] of Object.entries(upstream.headers ?? {}))
    if (/auth|key|token|secret|cookie/i.test(name)) learn(value)
  const { apiKey } = upstream as { apiKey?: unknown }
  learn(apiKey ?? process.env['OPENAI_API_KEY'])
  const watched = { ...upstream }
  if (typeof apiKey === 'function') {
    const listen = async (...given: unknown[]): Promise<unknown> => {
      const key: unknown = await (apiKey as (...given: unknown[]) => unknown)(...given)
      learn(key)
      return key
    }
    Object.assign(watched, { apiKey: listen })
  }

  function hide(error: ApiError): ApiError {
    const text = JSON.stringify(error.body)
    let safe = text
    for (const secret of known) safe = safe.replaceAll(JSON.stringify(secret).slice(1, -1), '[hidden]')
    if (safe === text) return error
    const { message, ...rest } = (JSON.parse(safe) as ApiError['body']).error
    return new ApiError(error.status, { message, ...rest, headers: error.headers, cause: error })
  }

  return { upstream: watched, hide }
}
