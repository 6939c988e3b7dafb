import type { Clock } from '../clock.ts'

const before = 'undici:client:beforeConnect'
const after = 'undici:client:connected'

/**
 * How long each new connection takes, as the `fetch` of Node.js tells it.
 *
 * A request that finds an open connection makes none. Another `fetch` may tell nothing: then there are no figures.
 */
export async function watchConnects(
  clock: Clock,
): Promise<{ readonly connectsMs: readonly number[]; readonly stop: () => void }> {
  const { subscribe, unsubscribe } = await import('node:diagnostics_channel')
  // Connections to one server are not told apart: the first to begin is taken for the first to be there.
  const begun = new Map<string, number[]>()
  const connectsMs: number[] = []
  const begin = (message: unknown) => {
    const server = serverOf(message)
    begun.set(server, [...(begun.get(server) ?? []), clock.now()])
  }
  const end = (message: unknown) => {
    const at = begun.get(serverOf(message))?.shift()
    if (at !== undefined) connectsMs.push(clock.now() - at)
  }
  subscribe(before, begin)
  subscribe(after, end)
  return {
    connectsMs,
    stop() {
      unsubscribe(before, begin)
      unsubscribe(after, end)
    },
  }
}

function serverOf(message: unknown): string {
  const { host = '', port = '' } = (message as { connectParams?: { host?: string; port?: string } }).connectParams ?? {}
  return `${host}:${port}`
}
