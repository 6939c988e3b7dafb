import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'

const KIB = 1024

/** What a page pays for a piece of code: bundled, minified, packed. Frameworks are there already. */
async function sizeOf(code: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL('..', import.meta.url)), loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['@deltawire/source', 'browser'],
    external: ['react', 'react-dom', 'vue', 'svelte', 'solid-js'],
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).byteLength / KIB
}

const chat = `export { createChat, fetchTransport } from '@deltawire/browser';`
const stream = `export { streamChat, fetchTransport } from '@deltawire/browser'`
const names = ['websocket', 'tabs', 'tools', 'dom', 'streams', 'react', 'vue', 'svelte', 'solid']
const everything = `export * from '@deltawire/browser';${names.map((name) => `export * as ${name} from '@deltawire/browser/${name}';`).join('')}`

/**
 * Each row: what, its code, what it comes on top of, and the most that it may be, in KiB. Whoever makes something larger
 * writes a larger number here, and thinks about it.
 */
const rows: readonly (readonly [what: string, code: string, base: string, most: number])[] = [
  ['streamChat + fetch', stream, `export { createAccumulator } from '@deltawire/core'`, 4.7],
  ['createChat + fetch, resume, stop, retry', chat, '', 9.7],
  ['+ WebSocket', `${chat} export * from '@deltawire/browser/websocket'`, chat, 7],
  ['+ tabs', `${chat} export * from '@deltawire/browser/tabs'`, chat, 1.9],
  ['+ tools', `${chat} export * from '@deltawire/browser/tools'`, chat, 3.3],
  [
    '+ directTransport, which knows every provider',
    `${chat} export { directTransport } from '@deltawire/browser'`,
    chat,
    8,
  ],
  ['+ React', `${chat} export * from '@deltawire/browser/react'`, chat, 0.5],
  ['+ Vue', `${chat} export * from '@deltawire/browser/vue'`, chat, 0.5],
  ['+ Svelte', `${chat} export * from '@deltawire/browser/svelte'`, chat, 0.5],
  ['+ Solid', `${chat} export * from '@deltawire/browser/solid'`, chat, 0.5],
  ['+ dom', `${chat} export * from '@deltawire/browser/dom'`, chat, 0.5],
  ['everything', everything, '', 31],
]

/** What the same costs elsewhere, measured by the same script. */
const peers: readonly (readonly [what: string, code: string])[] = [
  ['@ai-sdk/react: useChat', `export { useChat } from '@ai-sdk/react'; export { DefaultChatTransport } from 'ai'`],
  ['@tanstack/ai-client', `export { ChatClient, fetchServerSentEvents } from '@tanstack/ai-client'`],
  ['openai', `export { default } from 'openai'`],
]

it.each(rows)('a page pays little for %s', { timeout: 60_000 }, async (what, code, base, most) => {
  const size = (await sizeOf(code)) - (base === '' ? 0 : await sizeOf(base))
  console.info(`${what}: ${size.toFixed(2)} KiB`)
  expect(size).toBeGreaterThan(0.02)
  expect(size).toBeLessThanOrEqual(most)
})

it('a page pays a fraction of what it pays elsewhere', { timeout: 120_000 }, async () => {
  const own = await sizeOf(`${chat} export * from '@deltawire/browser/react'`)
  for (const [what, code] of peers) {
    const size = await sizeOf(code)
    console.info(`${what}: ${size.toFixed(2)} KiB`)
    expect(size).toBeGreaterThan(3 * own)
  }
})

it('a page that uses nothing pays nothing', async () => {
  expect(await sizeOf(`import '@deltawire/browser'`)).toBeLessThan(0.05)
})
