import type { CheckResult } from './check-relay.ts'
import { CheckFailure } from './check-failure.ts'
import { DOOR_CASES, type DoorBench, type Handshake } from './door-cases.ts'

/** Where a relay is, and how its doors are reached. */
export interface CheckDoorsOptions {
  /** The address of the HTTP door, up to `/v1`. */
  baseURL: string
  /** Says who this is. */
  token?: string | undefined
  /** Asks for a socket, and gives the status of the answer: browsers cannot do that, `ws` can. */
  upgrade: (handshake: Handshake) => Promise<number>
  /**
   * Sends the requests.
   *
   * @defaultValue the global `fetch`
   */
  fetch?: typeof fetch | undefined
  /**
   * A chat request that the relay answers with a few chunks, within a few seconds.
   *
   * @defaultValue one that any mock provider answers
   */
  body?: Readonly<Record<string, unknown>> | undefined
  /** How long one answer may take. @defaultValue `10_000` */
  timeoutMs?: number | undefined
  /** Only the cases whose name has this in it. */
  only?: string | undefined
}

const QUESTION = { model: 'demo', messages: [{ role: 'user', content: 'Hello!' }] }

/** Holds the handshake and the HTTP door of a relay to `PROTOCOL.md`: one result after the other. */
export async function* checkDoors(options: CheckDoorsOptions): AsyncGenerator<CheckResult, void, undefined> {
  const { upgrade, body = QUESTION, only = '' } = options
  const bench: DoorBench = {
    ask: (path, init) => ask(path, init, options),
    upgrade,
    body,
    fresh: () => `check-${Math.random().toString(36).slice(2)}`,
  }
  for (const { name, section, run } of DOOR_CASES) {
    if (!name.includes(only)) continue
    try {
      await run(bench)
      yield { name, section, outcome: 'passed' }
    } catch (reason) {
      if (!(reason instanceof CheckFailure)) throw reason
      yield { name, section, outcome: 'failed', reason: reason.message }
    }
  }
}

async function ask(path: string, init: Parameters<DoorBench['ask']>[1], options: CheckDoorsOptions) {
  const { baseURL, token, timeoutMs = 10_000 } = options
  const { method = 'GET', headers, json } = init ?? {}
  try {
    const response = await (options.fetch ?? fetch)(baseURL + path, {
      method,
      headers: {
        ...headers,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    return { response, text: await response.text() }
  } catch (reason) {
    throw new CheckFailure(`${method} ${path} is answered, to its end: ${String(reason)}`)
  }
}
