import { openChromium, type OpenChromium } from '@deltawire/testkit/chromium'
import { afterAll, beforeAll } from 'vitest'
import { type ChatServer, serveChat } from './chat-server.ts'

/** A browser for the tests of one group, and the servers of its pages. All of it is closed after the last one. */
export function withBrowser(path: string) {
  let browser: OpenChromium | undefined
  const servers: ChatServer[] = []
  beforeAll(async () => {
    browser = await openChromium(path)
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await Promise.all(servers.map((server) => server.close()))
  })
  return {
    async serve(options: Parameters<typeof serveChat>[0]): Promise<ChatServer> {
      const server = await serveChat(options)
      servers.push(server)
      return server
    },
    newPage() {
      if (browser === undefined) throw new Error('the browser opens with the first test')
      return browser.context.newPage()
    },
  }
}
