import { StreamError } from '@deltawire/core'
import { isInNoProxy } from './no-proxy.ts'

type Fetch = typeof globalThis.fetch

/** What `fetch` was before anybody replaced it: a replacement is not gone behind. */
const nodesFetch = globalThis.fetch

/**
 * The `fetch` for an endpoint: the global one, or one that goes through the proxy that the environment names.
 *
 * The `fetch` of Node.js heeds `HTTPS_PROXY` and `HTTP_PROXY` only when told so at its start (`NODE_USE_ENV_PROXY=1`, from
 * 22.21 and 24.0) or by `http.setGlobalProxyFromEnv()` (24.14). Else the package `undici` does it. To connect directly,
 * without a word, would pass by what somebody has set up: where neither is there, the request fails.
 */
export function environmentFetch(url: URL, env: NodeJS.ProcessEnv = process.env): Fetch {
  const { fetch } = globalThis
  const proxy = proxyOf(url, env)
  // Bun and Deno heed the variables by themselves.
  if (proxy === undefined || fetch !== nodesFetch || hasOwnDispatcher() || !isNode()) return fetch
  return throughProxy(proxy)
}

const isNode = (): boolean => process.versions['bun'] === undefined && process.versions['deno'] === undefined

/** Whether somebody has decided how the global `fetch` connects: Node.js when told to use proxies, or an application. */
function hasOwnDispatcher(): boolean {
  const known = globalThis as Record<symbol, unknown>
  // From Node.js 26 its undici looks at the second, and wraps what stands there for those that look at the first.
  const dispatcher = known[Symbol.for('undici.globalDispatcher.2')] ?? known[Symbol.for('undici.globalDispatcher.1')]
  return typeof dispatcher === 'object' && dispatcher !== null && dispatcher.constructor.name !== 'Agent'
}

/**
 * The proxy for an address, by the variables as Node.js reads them: lower case first, `HTTP_PROXY` where there is no
 * `HTTPS_PROXY`, and none for what `NO_PROXY` lists.
 *
 * Unlike Node.js, but as Go does, a server on this machine is never looked for behind a proxy.
 */
export function proxyOf(url: URL, env: NodeJS.ProcessEnv): string | undefined {
  const { protocol, hostname } = url
  const http = env['http_proxy'] ?? env['HTTP_PROXY']
  const proxy = protocol === 'https:' ? (env['https_proxy'] ?? env['HTTPS_PROXY']) || http : http
  return !proxy || loopback.test(hostname) || isInNoProxy(url, env) ? undefined : proxy
}

const loopback = /^(?:localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** One connection pool per proxy, as long as the process lives. */
const proxied = new Map<string, Promise<Fetch>>()

function throughProxy(proxy: string): Fetch {
  return async (input, init) => {
    let opening = proxied.get(proxy)
    if (opening === undefined) proxied.set(proxy, (opening = openProxy(proxy)))
    return (await opening)(input, init)
  }
}

async function openProxy(proxy: string): Promise<Fetch> {
  // A proxy's URL may hold a password.
  const place = URL.canParse(proxy) ? new URL(proxy).host : 'no URL'
  try {
    const { fetch, ProxyAgent } = await import('undici')
    const dispatcher = new ProxyAgent(proxy)
    // Its types and those of Node.js describe the same classes of two versions.
    const send = fetch as unknown as (input: unknown, init: object) => Promise<Response>
    return (input, init) => send(input, { ...init, headers: [...new Headers(init?.headers)], dispatcher })
  } catch (cause) {
    throw new StreamError(
      'connect_failed',
      `the environment names a proxy (${place}) that cannot be used: start Node.js with NODE_USE_ENV_PROXY=1 (from 22.21), or npm install undici, or except the server by NO_PROXY`,
      { url: place },
      { cause },
    )
  }
}
