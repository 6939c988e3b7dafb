import { type ChatTransport, directTransport, fetchTransport } from '@deltawire/browser'
import { tabsTransport } from '@deltawire/browser/tabs'
import { webSocketTransport } from '@deltawire/browser/websocket'

/** Where the model, the backend and the relay are. */
export interface Ways {
  readonly direct: string
  readonly backend: string
  /** The node that lives now. */
  readonly relay: string
  readonly isReal: boolean
}

export async function askWays(): Promise<Ways> {
  const response = await fetch('playground/ways')
  // The server is our own.
  return (await response.json()) as Ways
}

/** The three transports, by lane. */
export function transportsOf({
  direct,
  backend,
}: Ways): Readonly<Record<'direct' | 'backend' | 'relay', ChatTransport>> {
  return {
    direct: directTransport({ baseURL: direct }),
    backend: fetchTransport({ url: backend }),
    relay: tabsTransport(webSocketTransport({ url: async () => (await askWays()).relay })),
  }
}
