import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { describe, expect, inject, it } from 'vitest'
import { run } from './run.ts'

const consumer = inject('consumer')
const KB = 1024

describe('@deltawire/core', () => {
  it.each([
    ['the accumulator', `export { accumulate } from '@deltawire/core'`, 2.3 * KB],
    ['events to chunks, with every repair', `export { decodeChunks } from '@deltawire/core'`, 6.8 * KB],
    ['everything', `export * from '@deltawire/core'`, 13.2 * KB],
    ['and the fast way', `export * from '@deltawire/core'; export * from '@deltawire/core/bytes'`, 18.6 * KB],
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

  it('leaves nothing in a page that uses nothing of it', async () => {
    expect((await bundle(`import '@deltawire/core'`)).trim()).toBe('')
  })

  it('changes nothing when it is imported', async () => {
    const file = join(consumer, 'side-effects.mjs')
    await writeFile(file, sideEffects)
    expect(await run(process.execPath, [file], consumer)).toEqual({ code: 0, output: '' })
  })
})

/** Prints what importing core adds to the global object, to what is built in and to its prototypes, or replaces there. */
const sideEffects = `
const builtIn = Object.entries(Object.getOwnPropertyDescriptors(globalThis)).filter(([, { value }]) => Object(value) === value)
const places = new Map([['globalThis', globalThis]])
for (const [name, { value }] of builtIn) places.set(name, value).set(name + '.prototype', value.prototype ?? {})
const look = () => [...places].flatMap(([place, object]) =>
  Object.entries(Object.getOwnPropertyDescriptors(object)).map(([key, { value, get }]) => [place + '.' + key, value ?? get]))

const before = new Map(look())
await import('@deltawire/core')
for (const [name, value] of look()) if (!Object.is(before.get(name), value)) console.log(name)
`

/** The code that a bundler ships for this source, minified. */
async function bundle(code: string): Promise<string> {
  const folder = await mkdtemp(join(consumer, 'bundle-'))
  await writeFile(join(folder, 'entry.mjs'), code)
  const result = await build({
    root: folder,
    logLevel: 'error',
    configFile: false,
    build: {
      write: false,
      modulePreload: false,
      rolldownOptions: { input: join(folder, 'entry.mjs'), preserveEntrySignatures: 'strict' },
    },
  })
  const [first] = [result].flat()
  if (!first || !('output' in first)) throw new Error('vite gave no bundle')
  return first.output[0].code
}
