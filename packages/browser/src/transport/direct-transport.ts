import { createDecoder, createFramer } from '@deltawire/core'
import type { Environment } from '../follow/environment.ts'
import { fetchTransport, type Wire } from './fetch-transport.ts'
import { required } from './required.ts'
import { type Resolvable, currentOf } from './resolvable.ts'
import { createSseParser } from './sse-parser.ts'
import type { ChatTransport } from './transport.ts'

/** Where an endpoint is, and how it knows who asks. Only `baseURL` is needed. */
export type DirectTransportOptions = Literal & {
  /** Such as `http://localhost:11434/v1`. A query stays. */
  baseURL: string
  /** Gives a token that is good for a short time and for this user. Asked before every request. */
  token?: (() => Promise<string> | string) | undefined
  /** Sent besides; they win over the token. A function is asked before every request. */
  headers?: Resolvable<Record<string, string>> | undefined
  /**
   * Sends the requests.
   *
   * @defaultValue the global `fetch`
   */
  fetch?: typeof fetch | undefined
  /**
   * Gives a connection up on which nothing came for this long, comments included.
   *
   * @defaultValue `45_000`, as in `fetchTransport`. A local model that thinks in silence needs more
   */
  idleTimeoutMs?: number | undefined
  /**
   * Gives a question up whose answer has no status after this long, as in `fetchTransport`.
   *
   * @defaultValue `300_000`
   */
  connectTimeoutMs?: number | undefined
  /**
   * Measures the time of these timeouts. For tests: `createManualEnvironment`.
   *
   * @defaultValue the page
   */
  environment?: Environment | undefined
}

type Literal =
  | { dangerouslyAllowBrowser?: false | undefined; apiKey?: undefined }
  | {
      /** Everybody who opens the page can read the key and spend your money. Only for a page that you alone open. */
      dangerouslyAllowBrowser: true
      /** Sent as `Authorization: Bearer`, in the place of a token. */
      apiKey?: string | undefined
    }

/** What any provider sends, in whatever form. */
const anything: Wire = {
  framer: (emit) => createFramer(createSseParser, emit),
  accepts: () => true,
  // Local servers let pages send few headers.
  keyHeader: () => ({}),
}

/**
 * Straight to an OpenAI-compatible endpoint: a model on this machine, or a gateway that takes short-lived tokens.
 *
 * Understands every provider, which costs as much again as the rest of the client. Keys do not belong into a page: one that
 * is written down is refused, unless `dangerouslyAllowBrowser: true` says that it is meant.
 */
export function directTransport(options: DirectTransportOptions): ChatTransport {
  const { baseURL, token, apiKey, dangerouslyAllowBrowser = false, headers, ...rest } = options
  required(baseURL, 'directTransport({ baseURL })')
  if (apiKey !== undefined && !dangerouslyAllowBrowser)
    throw new TypeError(
      "a key in a page is everybody's: directTransport({ baseURL, token: () => fetch('/token').then((r) => r.text()) })",
    )

  async function authorized(): Promise<Record<string, string>> {
    const given = await currentOf(headers)
    const secret = apiKey ?? (await token?.())
    const own = { ...(secret !== undefined && secret !== '' && { authorization: `Bearer ${secret}` }), ...given }
    if (!dangerouslyAllowBrowser && Object.values(own).some((value) => /\bsk-\w/.test(value)))
      throw new TypeError('this looks like a secret key, which must not reach a page')
    return own
  }

  const url = baseURL.replace(/\/*(?=\?|$)/, '/chat/completions')
  const { send } = fetchTransport(
    { credentials: 'omit', ...rest, url, headers: authorized, isResumable: false, decoder: createDecoder },
    anything,
  )
  return { send, isResumable: false }
}
