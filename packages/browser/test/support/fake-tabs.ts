import type { ChatTransport } from '../../src/index.ts'
import { tabsTransport, type TabsTransportOptions } from '../../src/tabs.ts'

type Granted = () => Promise<void> | undefined

/** The locks of a browser: one holder each, and a line behind it. */
class FakeLocks {
  readonly #lines = new Map<string, { run: Granted; resolve: () => void }[]>()
  /** Why nobody gets a lock, if nobody does. */
  refusal: Error | undefined

  get held(): number {
    return this.#lines.size
  }

  request(name: string, { signal }: { signal: AbortSignal }, run: Granted): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.refusal !== undefined) return reject(this.refusal)
      const line = this.#lines.get(name) ?? []
      const one = { run, resolve }
      line.push(one)
      this.#lines.set(name, line)
      signal.addEventListener('abort', () => {
        const at = line.indexOf(one)
        // Who holds it does not give it up by that.
        if (at > 0) {
          line.splice(at, 1)
          reject(signal.reason as Error)
        }
      })
      if (line.length === 1) queueMicrotask(() => void this.#grant(name))
    })
  }

  async #grant(name: string): Promise<void> {
    const line = this.#lines.get(name) ?? []
    const [first] = line
    await first?.run()
    first?.resolve()
    line.shift()
    if (line.length > 0) void this.#grant(name)
    else this.#lines.delete(name)
  }
}

/** A page of a browser, with what a tab listens to. */
export interface FakeTab {
  readonly transport: ChatTransport
  /** The page is kept, and stands still. */
  freeze(): void
  /** It comes back. */
  thaw(): void
  /** The page is gone, and tells nobody but its listeners. */
  unload(): void
}

/** Tabs of one browser in this process: their locks, and the events of each page. Channels are those of Node.js. */
export function fakeBrowser() {
  const locks = new FakeLocks()
  /** Opens a tab. What it listens to is its own. */
  function open(inner: ChatTransport, options?: TabsTransportOptions): FakeTab {
    const [window, document] = [new EventTarget(), new EventTarget()]
    const around = { navigator: { locks }, window, document }
    const before = Object.entries(around).map(
      ([name]) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const,
    )
    for (const [name, value] of Object.entries(around))
      Object.defineProperty(globalThis, name, { configurable: true, value })
    const transport = tabsTransport(inner, options)
    for (const [name, descriptor] of before)
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name)
      else Object.defineProperty(globalThis, name, descriptor)
    return {
      transport,
      freeze: () => void document.dispatchEvent(new Event('freeze')),
      thaw: () => void document.dispatchEvent(new Event('resume')),
      unload: () => void window.dispatchEvent(new Event('pagehide')),
    }
  }
  return { locks, open }
}
