import type { Io } from '../io.ts'

export interface FetchThroughOptions {
  /** `none` for no proxy, whatever the environment says. */
  readonly proxy?: string | undefined
  /** A file of certificates. */
  readonly ca?: string | undefined
  readonly insecure: boolean
}

/** How requests are sent: by `fetch` itself, unless a proxy or certificates ask for more. */
export async function fetchThrough({ proxy, ca, insecure }: FetchThroughOptions, io: Io): Promise<typeof fetch> {
  const fromEnvironment = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'].some(
    (name) => (io.env[name] ?? '') !== '',
  )
  const isPlain = ca === undefined && !insecure && (proxy === 'none' || (proxy === undefined && !fromEnvironment))
  if (isPlain) return io.fetch
  const { createNetworkFetch } = await import('./network-fetch.ts')
  return createNetworkFetch({ proxy, ca, insecure }, io)
}
