import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Io } from '../io.ts'
import { isRelayAddress, readNamedAddress, readRelayAddress, type RelayAddress } from '../tail/relay-address.ts'
import { relayToken } from '../tail/relay-token.ts'

/** Where others follow an answer while it is printed. */
export interface Tee extends RelayAddress {
  readonly topic: string
}

/**
 * Reads `ws://127.0.0.1:8790/plan`: the last part of the path is the topic, what stands before it the relay. A topic alone
 * is one of the relay in the environment.
 */
export function readTee(given: string, { env }: Pick<Io, 'env'>): Tee {
  const relay = env['DELTAWIRE_RELAY_URL'] ?? ''
  if (!isRelayAddress(given)) {
    if (relay === '')
      throw usageError(
        `--tee ${quote(given)} names no relay`,
        'as in: --tee ws://127.0.0.1:8790/TOPIC, or set $DELTAWIRE_RELAY_URL',
      )
    return { ...readRelayAddress(relay), topic: given }
  }
  if (!URL.canParse(given)) throw usageError(`--tee ${quote(given)} is no address`, example)
  const { name: topic, ...address } = readNamedAddress(given)
  if (topic === '') throw usageError(`--tee ${quote(given)} names no topic`, example)
  return { ...address, topic }
}

const example = 'as in: --tee ws://127.0.0.1:8790/TOPIC'

/**
 * The endpoint that asks through the relay: it asks its own upstream, once, and whoever follows the topic reads along.
 *
 * A relay goes on when a reader leaves. Here the reader is the one who has asked: Ctrl-C is for the model.
 */
export async function throughRelay(
  endpoint: Endpoint,
  { baseURL, topic }: Tee,
  io: Pick<Io, 'env' | 'fetch' | 'signal'>,
): Promise<Endpoint> {
  const token = relayToken({ 'token-cmd': undefined }, io)
  const apiKey = typeof token === 'string' ? token : ''
  const send = endpoint.fetch ?? io.fetch

  /** The id of a stream whose relay has not answered yet: it waits for the first chunk. One key is one stream. */
  async function idOf(key: string, body: unknown): Promise<string | null> {
    const response = await send(`${baseURL}/streams`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization(apiKey) },
      body: JSON.stringify({ key, topic, body: JSON.parse(String(body)) as unknown }),
    })
    return response.headers.get('x-stream-id')
  }

  const cancelling: typeof fetch = async (input, init) => {
    const key = crypto.randomUUID()
    const headers = new Headers(init?.headers)
    headers.set('idempotency-key', key)
    let id: string | null | undefined
    async function cancel(): Promise<void> {
      id ??= await idOf(key, init?.body)
      if (id !== null) await send(`${baseURL}/streams/${id}`, { method: 'DELETE', headers: authorization(apiKey) })
    }
    const stop = () => void cancel().catch(() => {})
    init?.signal?.addEventListener('abort', stop, { once: true })
    try {
      const response = await send(input, { ...init, headers })
      id = response.headers.get('x-stream-id')
      return response
    } finally {
      // There is nothing to cancel where no relay has begun anything.
      if (typeof id !== 'string') init?.signal?.removeEventListener('abort', stop)
    }
  }
  return {
    ...endpoint,
    baseURL,
    apiKey,
    headers: { ...endpoint.headers, 'x-topic': topic },
    secrets: apiKey === '' ? endpoint.secrets : [...endpoint.secrets, apiKey],
    fetch: cancelling,
  }
}

function authorization(token: string): Record<string, string> {
  return token === '' ? {} : { authorization: `Bearer ${token}` }
}
