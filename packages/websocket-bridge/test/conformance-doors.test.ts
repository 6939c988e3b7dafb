import { request } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { checkDoors, type CheckDoorsOptions, type CheckResult, type Handshake } from '../src/conformance/index.ts'
import { DOOR_CASES } from '../src/conformance/door-cases.ts'
import { answerOf } from './support/chunks.ts'
import { createStage } from './support/listen.ts'

const { serve, clear } = createStage()
afterEach(clear)

/** Asks for a socket. @returns the status of the answer */
const upgradeAt =
  (url: string) =>
  ({ protocol, origin }: Handshake): Promise<number> =>
    new Promise((resolve, reject) => {
      const asked = request(`${url}/v1/socket`, {
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          ...(protocol !== undefined && { 'sec-websocket-protocol': protocol }),
          ...(origin !== undefined && { origin }),
        },
      })
      asked.on('upgrade', (response, socket) => {
        socket.destroy()
        resolve(response.statusCode ?? 0)
      })
      asked.on('response', (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      asked.on('error', reject)
      asked.end()
    })

/** What a bad relay makes of the answers of a good one. */
interface Tampering {
  readonly upgrade?: () => number
  readonly asked?: (path: string, init: RequestInit) => RequestInit
  readonly text?: (text: string, path: string) => string
}

/** Does a thing otherwise in JSON that is asked or answered. */
const withField = (json: string, field: string, value: unknown): string =>
  JSON.stringify({ ...(JSON.parse(json) as object), [field]: value })

/** For each check a relay that does that one thing otherwise. */
const MUTANTS: { readonly [check: string]: Tampering } = {
  'opens a socket that offers the subprotocol': { upgrade: () => 400 },
  'refuses a socket that offers no subprotocol': { upgrade: () => 101 },
  'refuses a socket that offers only another one': { upgrade: () => 101 },
  'refuses pages of another origin': { upgrade: () => 101 },
  'answers any client of the chat-completion protocol, streamed': { text: (text) => text.replace('[DONE]', '') },
  'answers any client of the chat-completion protocol, at once': {
    text: (text) => withField(text, 'object', 'chat.completion.chunk'),
  },
  'begins one stream for one key over HTTP, and refuses the key with another body': {
    asked: (_path, init) => ({ ...init, body: withField(init.body as string, 'key', String(Math.random())) }),
  },
  'carries a stream as server-sent events: no gap, the checksum of the sum': {
    text: (text) => text.replace(/"h":"\w/, '"h":"x'),
  },
  'goes on from a Last-Event-ID, and sends nothing that was there before': {
    asked(_path, init) {
      const headers = new Headers(init.headers)
      headers.delete('last-event-id')
      return { ...init, headers }
    },
  },
  'gives a stream that has ended as chunks, the sum first, then [DONE]': {
    text: (text, path) => (path.includes('format=openai') ? text + text : text),
  },
  'tells the state of a stream, and answers its cancel with how it ended': {
    text: (text, path) => (path.endsWith('/cancel') ? withField(text, 'status', 'cancelled') : text),
  },
  'refuses a stream that there is not with an error as OpenAI sends it': { text: () => '{"message":"no"}' },
}

describe('the checks of the doors of a relay', () => {
  async function options({ upgrade, asked = (_path, init) => init, text = (said) => said }: Tampering = {}) {
    const { url } = await serve({ open: () => answers() })
    return {
      baseURL: `${url}/v1`,
      upgrade: upgrade === undefined ? upgradeAt(url) : () => Promise.resolve(upgrade()),
      async fetch(address, init) {
        // Addresses are texts here.
        const path = address as string
        const response = await fetch(path, asked(path, init ?? {}))
        const { status, headers } = response
        return new Response(text(await response.text(), path), { status, headers })
      },
    } satisfies CheckDoorsOptions
  }

  async function* answers() {
    for (const chunk of answerOf('Hel', 'lo ', 'world')) {
      yield chunk
      await new Promise((resolve) => setTimeout(resolve, 3))
    }
  }

  async function resultsOf(asked: CheckDoorsOptions): Promise<CheckResult[]> {
    const results: CheckResult[] = []
    for await (const result of checkDoors(asked)) results.push(result)
    return results
  }

  it('are passed by ours', async () => {
    const results = await resultsOf(await options())
    expect(results.filter(({ outcome }) => outcome !== 'passed')).toEqual([])
    expect(results).toHaveLength(DOOR_CASES.length)
  })

  it('have each a relay that does not pass it', () => {
    expect(Object.keys(MUTANTS).toSorted()).toEqual(DOOR_CASES.map(({ name }) => name).toSorted())
  })

  it.each(Object.entries(MUTANTS))('find the relay that does not do this: it %s', async (only, tampering) => {
    const [result] = await resultsOf({ ...(await options(tampering)), only })
    expect(result).toMatchObject({ name: only, outcome: 'failed' })
  })

  it('say that nobody answers, and do not fall over', async () => {
    const { url, close } = await serve({ open: () => answers() })
    await close()
    const results = await resultsOf({ baseURL: `${url}/v1`, upgrade: () => Promise.resolve(0), timeoutMs: 1000 })
    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['failed']))
  })
})
