import { build } from 'esbuild'
import { readFile } from 'node:fs/promises'
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

/** Each row: what, its code, and what it comes on top of. */
const rows: readonly (readonly [what: string, code: string, base: string])[] = [
  [
    'streamChat + fetchTransport, beyond the accumulator',
    stream,
    `export { createAccumulator } from '@deltawire/core'`,
  ],
  ['createChat + fetchTransport: resume, stop, retry', chat, ''],
  ['+ WebSocket', `${chat} export * from '@deltawire/browser/websocket'`, chat],
  ['+ tabs', `${chat} export * from '@deltawire/browser/tabs'`, chat],
  ['+ tools', `${chat} export * from '@deltawire/browser/tools'`, chat],
  [
    '+ directTransport, which knows every provider',
    `${chat} export { directTransport } from '@deltawire/browser'`,
    chat,
  ],
  ['+ React', `${chat} export * from '@deltawire/browser/react'`, chat],
  ['+ Vue', `${chat} export * from '@deltawire/browser/vue'`, chat],
  ['+ Svelte', `${chat} export * from '@deltawire/browser/svelte'`, chat],
  ['+ Solid', `${chat} export * from '@deltawire/browser/solid'`, chat],
  ['+ dom', `${chat} export * from '@deltawire/browser/dom'`, chat],
  ['everything', everything, ''],
]

/** What the guide says that each is at most, in KiB. Whoever makes something larger says so there, and thinks about it. */
const guide = await readFile(new URL('../../../docs/browser.md', import.meta.url), 'utf8')
const said = new Map(
  [...guide.matchAll(/^\| (.+?) +\| +([\d.]+) +\|/gm)].map(([, what = '', most]) => [
    what.replaceAll('`', ''),
    Number(most),
  ]),
)

/** What the same costs elsewhere, measured by the same script. */
const peers: readonly (readonly [what: string, code: string])[] = [
  ['AI SDK: useChat', `export { useChat } from '@ai-sdk/react'; export { DefaultChatTransport } from 'ai'`],
  ['TanStack: ChatClient', `export { ChatClient, fetchServerSentEvents } from '@tanstack/ai-client'`],
  ['openai', `export { default } from 'openai'`],
]

it.each(rows)('a page pays no more than the guide says for %s', { timeout: 60_000 }, async (what, code, base) => {
  const size = (await sizeOf(code)) - (base === '' ? 0 : await sizeOf(base))
  console.info(`${what}: ${size.toFixed(2)} KiB`)
  expect(size).toBeGreaterThan(0.02)
  expect(size).toBeLessThanOrEqual(said.get(what) ?? 0)
})

it.each(peers)(
  'a page pays several times as much for %s, as the guide says',
  { timeout: 120_000 },
  async (what, code) => {
    const size = await sizeOf(code)
    console.info(`${what}: ${size.toFixed(2)} KiB`)
    expect(size).toBeGreaterThan(3 * (await sizeOf(`${chat} export * from '@deltawire/browser/react'`)))
    expect(Math.abs(size - (said.get(what) ?? 0))).toBeLessThan(1)
  },
)

it('a page that uses nothing pays nothing', async () => {
  expect(await sizeOf(`import '@deltawire/browser'`)).toBeLessThan(0.05)
})
