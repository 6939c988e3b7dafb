import { StreamError } from '@deltawire/core'
import { timeIsOver } from '../clock.ts'
import type { Io } from '../io.ts'
import { demoNames } from '../source/demo.ts'
import type { Asker } from './create-asker.ts'

/** A list of models is text: more than this is something else. */
const maxLength = 16 * 1024 * 1024

/** A list is at hand, where an answer has to be thought of. */
const usualTimeoutMs = 30_000

/**
 * The models that the endpoint lists, sorted; the recordings, where one of them answers.
 *
 * @throws StreamError when it does not list any, or not in the time of the endpoint (30 seconds where it has none)
 */
export async function listModels({ endpoint }: Pick<Asker, 'endpoint'>, io: Io): Promise<string[]> {
  if (endpoint === undefined) return demoNames.map((name) => `demo:${name}`)
  const url = new URL(endpoint.baseURL)
  url.pathname = `${url.pathname.replace(/\/chat\/completions\/?$/, '').replace(/\/+$/, '')}/models`
  const headers = { ...endpoint.headers, ...(endpoint.apiKey !== '' && { authorization: `Bearer ${endpoint.apiKey}` }) }
  const place = url.origin + url.pathname
  const timeoutMs = endpoint.totalTimeoutMs ?? usualTimeoutMs
  const limit = timeIsOver(timeoutMs)
  const signal = AbortSignal.any([io.signal, limit])
  const failed = (cause: unknown): never => {
    if (io.signal.aborted) throw io.signal.reason
    if (!limit.aborted) throw new StreamError('connect_failed', `no answer from ${place}`, { url: place }, { cause })
    throw new StreamError('timeout', `no list from ${place} for ${timeoutMs} ms`, { phase: 'total', timeoutMs })
  }
  // A redirect would carry the key to another server: `fetch` takes out only the header that is called authorization.
  const response = await (endpoint.fetch ?? io.fetch)(url.href, { headers, signal, redirect: 'manual' }).catch(failed)
  const body = (await response.text().catch(failed)).slice(0, maxLength)
  if (!response.ok) {
    const location = response.headers.get('location')
    const redirect = location === null ? '' : `, a redirect to ${location}, which is not followed`
    throw new StreamError('http_status', `the server answered ${response.status} to ${place}${redirect}`, {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: body.slice(0, 16_384),
    })
  }
  return idsIn(body).sort()
}

/** `{ data: [{ id }] }`, and the lists of those who leave the wrapping out. */
function idsIn(body: string): string[] {
  let said: unknown
  try {
    said = JSON.parse(body)
  } catch {
    throw new StreamError('invalid_json', 'the list of models is not JSON', { data: body.slice(0, 1000), event: 0 })
  }
  const list: unknown = Array.isArray(said)
    ? said
    : typeof said === 'object' && said !== null
      ? 'data' in said
        ? said.data
        : 'models' in said
          ? said.models
          : []
      : []
  return (Array.isArray(list) ? (list as unknown[]) : []).flatMap((model) => {
    if (typeof model === 'string') return [model]
    const { id, name } = (model ?? {}) as { id?: unknown; name?: unknown }
    return typeof id === 'string' ? [id] : typeof name === 'string' ? [name] : []
  })
}
