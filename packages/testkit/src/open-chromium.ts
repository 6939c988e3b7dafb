import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'

/** Quiet, and without a word to anybody outside this machine. */
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface OpenChromium {
  readonly context: BrowserContext
  close(): Promise<void>
}

/** A browser that has never been used. */
export async function openChromium(executablePath: string): Promise<OpenChromium> {
  const folder = await mkdtemp(join(tmpdir(), 'deltawire-chromium-'))
  const context = await chromium.launchPersistentContext(folder, { executablePath, args, headless: true })
  return {
    context,
    async close() {
      await context.close()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
