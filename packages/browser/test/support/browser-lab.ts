import { build, type BuildOptions, type Plugin } from 'esbuild'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))

/** A file of `test/apps` as one script for a page, made from the sources. */
export const bundleApp = (file: string, plugins: Plugin[] = []): Promise<string> =>
  bundle({ entryPoints: [join(here, '../apps', file)], plugins })

/** The same of code that is no file. */
export const bundleCode = (contents: string, plugins: Plugin[] = []): Promise<string> =>
  bundle({ stdin: { contents, loader: 'tsx', resolveDir: here }, plugins })

async function bundle(from: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    ...from,
    bundle: true,
    write: false,
    format: 'iife',
    minify: true,
    target: 'es2022',
    jsx: 'automatic',
    conditions: ['@deltawire/source', 'browser'],
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  // There is one, because nothing is written.
  return outputFiles?.[0]?.text ?? ''
}

/** Nothing but own scripts, and no text becomes markup. */
export const strictPolicy =
  "default-src 'none'; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"

export const pageOf = (title: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><div id="app"></div><p id="answer"></p><script src="/app.js"></script>`
