import { build, type Plugin } from 'esbuild'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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

export interface Lab {
  readonly context: BrowserContext
  close(): Promise<void>
}

/** A browser that has never been used. */
export async function openBrowser(executablePath: string): Promise<Lab> {
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

const here = fileURLToPath(new URL('.', import.meta.url))

/** A file of `test/apps` as one script for a page, made from the sources. */
export async function bundleApp(file: string, plugins: Plugin[] = []): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(here, '../apps', file)],
    bundle: true,
    write: false,
    format: 'iife',
    minify: true,
    target: 'es2022',
    jsx: 'automatic',
    conditions: ['@deltawire/source', 'browser'],
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins,
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

/** Nothing but own scripts, and no text becomes markup. */
export const strictPolicy =
  "default-src 'none'; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"

export const pageOf = (title: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><div id="app"></div><p id="answer"></p><script src="/app.js"></script>`
