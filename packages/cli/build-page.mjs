// Builds the page of the playground: one script, one style, no dependency at run time.
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const source = fileURLToPath(new URL('src/playground/page', import.meta.url))

/**
 * @param {string} folder where the page is put
 * @param {{ isReplay?: boolean }} [options] `isReplay`: a page that needs no server, for a documentation
 */
export async function buildPage(folder, { isReplay = false } = {}) {
  await mkdir(folder, { recursive: true })
  await build({
    entryPoints: [join(source, 'main.ts')],
    outfile: join(folder, 'main.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    define: { isReplay: String(isReplay) },
    conditions: ['@deltawire/source'],
    logLevel: 'error',
  })
  for (const name of ['index.html', 'style.css', 'icon.svg']) await cp(join(source, name), join(folder, name))
}
