// Plain JavaScript, because benchmarks import it too, and Node.js 20 does not read TypeScript.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

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

/**
 * A browser, and what ends it.
 *
 * @typedef {{ readonly context: import('playwright-core').BrowserContext, close(): Promise<void> }} OpenChromium
 */

/**
 * A browser that has never been used.
 *
 * @param {string} executablePath
 * @param {{ keepsPages?: boolean }} [options] `keepsPages`: pages that are left go into the back/forward cache, as they do
 *   without this driver
 * @returns {Promise<OpenChromium>}
 */
export async function openChromium(executablePath, { keepsPages = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'deltawire-chromium-'))
  const context = await chromium.launchPersistentContext(folder, {
    executablePath,
    args,
    ignoreDefaultArgs: keepsPages ? ['--disable-back-forward-cache'] : [],
    headless: true,
  })
  return {
    context,
    async close() {
      await context.close()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
