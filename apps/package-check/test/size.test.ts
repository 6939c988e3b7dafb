import { copyFile, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { describe, expect, inject, it } from 'vitest'

const consumer = inject('consumer')
const KB = 1024

describe('@deltawire/core', () => {
  it.each([
    ['everything', `export * from '@deltawire/core'`, 12 * KB],
    ['the accumulator', `export { accumulate } from '@deltawire/core'`, 3 * KB],
  ])('costs a page little: %s', async (_name, code, limit) => {
    const size = gzipSync(await bundle(code)).byteLength
    expect(size).toBeGreaterThan(limit / 10)
    expect(size).toBeLessThanOrEqual(limit)
  })

  it('brings no other package', async () => {
    const manifest = JSON.parse(await readFile(join(consumer, 'node_modules/@deltawire/core/package.json'), 'utf8'))
    expect(manifest).not.toHaveProperty('dependencies')
    expect(manifest).not.toHaveProperty('peerDependencies')
    expect(manifest).not.toHaveProperty('optionalDependencies')
  })

  it('does nothing when it is imported', async () => {
    // Without its package.json, so that the bundler looks at the code instead of believing "sideEffects": false.
    const folder = await mkdtemp(join(consumer, 'side-effects-'))
    await copyFile(join(consumer, 'node_modules/@deltawire/core/dist/index.js'), join(folder, 'core.mjs'))
    await writeFile(join(folder, 'package.json'), '{}')
    expect((await bundle(`import '${join(folder, 'core.mjs')}'`)).trim()).toBe('')
  })
})

/** The code that a bundler ships for this source, minified. */
async function bundle(code: string): Promise<string> {
  const folder = await mkdtemp(join(consumer, 'bundle-'))
  await writeFile(join(folder, 'entry.mjs'), code)
  const result = await build({
    root: folder,
    logLevel: 'error',
    configFile: false,
    build: { write: false, minify: true, lib: { entry: 'entry.mjs', formats: ['es'], fileName: 'out' } },
  })
  const [first] = [result].flat()
  if (!first || !('output' in first)) throw new Error('vite gave no bundle')
  return first.output[0].code
}
