// What the main thread of a page does for an answer, beside others: `node packages/browser/bench/main.mjs`, or one of its
// rows: `stores`, `burst-text`, `burst-tool`, `paced`. With all of them it writes docs/browser-benchmarks.md.
import { openChromium } from '@deltawire/testkit/chromium'
import { build } from 'esbuild'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { eventsOf, sendEvents } from './wires.mjs'
import { inTurn, measureAnswer, measureStore, median, openPage } from './measure.mjs'
import { report } from './report.mjs'

const wanted = process.argv.slice(2)
const isWanted = (row) => wanted.length === 0 || wanted.includes(row)

const candidates = [
  { name: 'raw appendData', page: 'raw.js', format: 'openai' },
  { name: 'Deltawire, React', page: 'deltawire.jsx', format: 'openai' },
  { name: 'AI SDK useChat', page: 'ai-sdk.jsx', format: 'ai-sdk' },
  { name: 'AI SDK useChat, throttle 50', page: 'ai-sdk.jsx', search: '?throttle', format: 'ai-sdk' },
  // It waits for a timer after every chunk, four milliseconds each: ten thousand would take a minute.
  { name: 'TanStack ChatClient, React', page: 'tanstack.jsx', format: 'tanstack', count: 500, rounds: 2 },
]

const bundle = async (file) => {
  const { outputFiles } = await build({
    entryPoints: [new URL(`pages/${file}`, import.meta.url).pathname],
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
  return outputFiles[0].text
}

const pages = new Map()
for (const file of ['raw.js', 'deltawire.jsx', 'ai-sdk.jsx', 'tanstack.jsx', 'stores.js'])
  pages.set(`/${file}`, await bundle(file))

const server = createServer((req, res) => {
  const { pathname, searchParams } = new URL(req.url, 'http://localhost')
  const { format, kind, count, perSecond } = Object.fromEntries(searchParams)
  const script = pages.get(pathname.replace(/\.script$/, ''))
  if (pathname === '/stream') void sendEvents(res, { format, kind, count: Number(count) }, Number(perSecond))
  else if (script === undefined) res.writeHead(404).end()
  else if (pathname.endsWith('.script')) res.writeHead(200, { 'content-type': 'text/javascript' }).end(script)
  else
    res
      .writeHead(200, { 'content-type': 'text/html' })
      .end(`<!doctype html><meta charset="utf-8"><div id="app"></div><script src="${pathname}.script"></script>`)
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const origin = `http://127.0.0.1:${server.address().port}`
const browser = await openChromium(process.env.CHROMIUM ?? '/usr/bin/chromium')
const { context } = browser
const chromiumVersion = context.browser()?.version() ?? ''

/** One way of sending an answer, to all candidates in turn. */
async function answers({ kind, count, perSecond, rounds, only = candidates }) {
  const opened = new Map()
  const stream = (candidate, howMany, pace) =>
    `${origin}/stream?format=${candidate.format}&kind=${kind}&count=${howMany}&perSecond=${pace}`
  for (const candidate of only) {
    const open = await openPage(context, `${origin}/${candidate.page}${candidate.search ?? ''}`)
    opened.set(candidate, open)
    // Everybody's code has run before it is measured.
    await open.page.evaluate((url) => globalThis.ask(url), stream(candidate, 200, 0))
  }
  const runs = await inTurn(only, rounds, async (candidate) => {
    const howMany = perSecond > 0 ? count : (candidate.count ?? count)
    const { length } = eventsOf({ format: candidate.format, kind, count: howMany })
    const open = opened.get(candidate)
    // A page in the background is not painted.
    await open.page.bringToFront()
    return { ...(await measureAnswer(open, stream(candidate, howMany, perSecond), length)), count: howMany }
  })
  for (const { page } of opened.values()) await page.close()
  return only.map((candidate) => {
    const all = runs.get(candidate)
    const of = (key) => median(all.map((run) => run[key]))
    return {
      name: candidate.name,
      count: all[0].count,
      cpuMs: of('cpuMs'),
      longestMs: of('longestMs'),
      renders: of('renders'),
      peakMB: of('peakMB'),
      keptMB: of('keptMB'),
    }
  })
}

/** What a store does for each delta, in microseconds. */
async function stores() {
  const names = [
    { name: 'deltawire', format: 'openai' },
    { name: 'deltawire, every delta shown', format: 'openai' },
    // Ten seconds for the longest of them.
    { name: 'ai-sdk', format: 'ai-sdk', rounds: 1 },
    { name: 'tanstack', format: 'tanstack', rounds: 1 },
  ]
  const open = await openPage(context, `${origin}/stores.js`)
  const kinds = [
    { kind: 'text', count: 10_000 },
    { kind: 'tool', count: 2_000 },
    { kind: 'tool', count: 10_000 },
  ]
  const rows = []
  // Everybody's code has run before it is measured.
  for (const { name, format } of names)
    for (const kind of ['text', 'tool'])
      for (let run = 0; run < 5; run++) await measureStore(open, name, { format, kind, count: 1_000 })
  for (const { kind, count } of kinds) {
    const runs = await inTurn(names, 9, ({ name, format }) => measureStore(open, name, { format, kind, count }))
    for (const each of names) rows.push({ name: each.name, kind, count, us: (median(runs.get(each)) * 1_000) / count })
  }
  await open.page.close()
  return rows
}

const found = {}
try {
  if (isWanted('stores')) found.stores = await stores()
  if (isWanted('burst-text')) found.burstText = await answers({ kind: 'text', count: 10_000, perSecond: 0, rounds: 7 })
  if (isWanted('burst-tool'))
    found.burstTool = await answers({
      kind: 'tool',
      count: 10_000,
      perSecond: 0,
      rounds: 5,
      // Both AI SDK pages read arguments alike.
      only: candidates
        .filter(({ search }) => search === undefined)
        .map((each) => (each.format === 'ai-sdk' ? { ...each, rounds: 1 } : each)),
    })
  if (isWanted('paced'))
    found.paced = await answers({
      kind: 'text',
      count: 5_000,
      perSecond: 1_000,
      rounds: 3,
      only: candidates.map((each) => (each.format === 'tanstack' ? { ...each, rounds: 1 } : each)),
    })
} finally {
  await browser.close()
  server.close()
}

const version = (name) =>
  JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version
const text = report(found, {
  chromium: chromiumVersion,
  peers: ['ai', '@ai-sdk/react', '@tanstack/ai-client', 'react'].map((name) => `${name} ${version(name)}`),
})
console.info(text)
if (wanted.length === 0) await writeFile(new URL('../../../docs/browser-benchmarks.md', import.meta.url), text)
