#!/usr/bin/env node
// The server helpers and the client of @deltawire/node on Bun and Deno: `node apps/node-matrix/runtimes.mjs`.
// Both come from the npm registry and are kept in .cache. Needs what `npm run build` makes.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { strictEqual, match, ok, deepStrictEqual } from 'node:assert'
import { after, before, describe, it } from 'node:test'
import { createChatHandler, toNodeListener } from '@deltawire/node'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cache = join(root, '.cache/runtimes')

// Exact versions: a new one may change what is tested here.
const runtimes = [
  { name: 'Bun', package: '@oven/bun-linux-x64', version: '1.4.5', file: 'bin/bun', flags: ['run'] },
  {
    name: 'Deno',
    package: '@deno/linux-x64-glibc',
    version: '2.9.6',
    file: 'deno',
    flags: ['run', '--no-config', '--node-modules-dir=manual', '--allow-net=127.0.0.1', '--allow-read', '--allow-env'],
  },
]

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log('Bun and Deno are tested on Linux on x64 only: left out here')
} else {
  install()
  for (const runtime of runtimes) describeRuntime(runtime)
}

function install() {
  const missing = runtimes.filter((runtime) => !existsSync(binary(runtime)))
  if (missing.length === 0) return
  mkdirSync(cache, { recursive: true })
  writeFileSync(join(cache, 'package.json'), '{ "private": true }')
  const packages = missing.map(({ package: name, version }) => `${name}@${version}`)
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages]
  if (spawnSync('npm', args, { cwd: cache, stdio: 'inherit' }).status !== 0) process.exit(1)
}

function binary(runtime) {
  return join(cache, 'node_modules', runtime.package, runtime.file)
}

function program(runtime, file, ...args) {
  return spawn(binary(runtime), [...runtime.flags, join(root, 'apps/node-matrix/runtimes', file), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' },
  })
}

function describeRuntime(runtime) {
  describe(runtime.name, () => {
    let host
    let base

    before(async () => {
      host = program(runtime, 'host.mjs')
      base = `http://127.0.0.1:${await firstLine(host)}`
    })
    after(() => host.kill())

    it('answers, streamed and in one piece', async () => {
      const streamed = await ask(base, 'short')
      strictEqual(streamed.status, 200)
      strictEqual(streamed.headers.get('cache-control'), 'no-cache, no-transform')
      const events = await streamed.text()
      match(events, /Grüße, /)
      ok(events.endsWith('data: [DONE]\n\n'))
      const whole = await (await ask(base, 'short', { stream: false })).json()
      strictEqual(whole.choices[0].message.content, 'Grüße, 世界')
      ok((await (await fetch(`${base}/direct`)).text()).endsWith('data: [DONE]\n\n'))
    })

    it('reports an error of its own in the stream, without its words, and without an end', async () => {
      const events = await (await ask(base, 'fails')).text()
      match(events, /"code":"internal_error"/)
      ok(!events.includes('postgres') && !events.includes('[DONE]'))
    })

    it('refuses a wrong request with a status', async () => {
      strictEqual((await ask(base, 'unknown')).status, 404)
      strictEqual((await fetch(`${base}/v1/chat/completions`)).status, 405)
      const body = await fetch(`${base}/v1/chat/completions`, { method: 'POST', body: '{' })
      strictEqual(body.status, 400)
    })

    it('runs the client', async () => {
      const open = () => Array.from({ length: 100 }, (_, n) => chunkOf(`${n} `, n === 99 ? 'stop' : null))
      const server = createServer(toNodeListener(createChatHandler({ open })))
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
      try {
        const client = program(runtime, 'client.mjs', `http://127.0.0.1:${server.address().port}/v1`, 'm')
        const { chunks, ...result } = JSON.parse(await firstLine(client))
        ok(chunks >= 1 && chunks <= 100)
        const text = Array.from({ length: 100 }, (_, n) => `${n} `).join('')
        deepStrictEqual(result, { complete: true, text })
      } finally {
        server.close()
      }
    })

    it('bounds what a client that does not read may cost, and cancels the source when it leaves', async () => {
      const leaving = new AbortController()
      const answer = await ask(base, 'floods', { signal: leaving.signal })
      const reader = answer.body.getReader()
      await reader.read()
      const pulls = await standstill(async () => Number(await (await fetch(`${base}/pulls`)).text()))
      ok(pulls < 4000, `the source was read to its end: ${pulls} chunks`)
      leaving.abort()
      strictEqual(await (await fetch(`${base}/cancelled`)).text(), 'cancelled')
      ok(Number(await (await fetch(`${base}/pulls`)).text()) < 4000, 'the source was read on, and not cancelled')
    })
  })

  describe(`${runtime.name}, a source that waits`, () => {
    it('sends the first event at once, and cancels the source when the client leaves', async () => {
      const host = program(runtime, 'host.mjs')
      try {
        const base = `http://127.0.0.1:${await firstLine(host)}`
        const leaving = new AbortController()
        const answer = await ask(base, 'waits', { signal: leaving.signal })
        const { value } = await answer.body.getReader().read()
        match(new TextDecoder().decode(value), /first/)
        leaving.abort()
        strictEqual(await (await fetch(`${base}/cancelled`)).text(), 'cancelled')
      } finally {
        host.kill()
      }
    })
  })
}

function ask(base, model, { stream = true, signal } = {}) {
  return fetch(`${base}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }], stream }),
    ...(signal && { signal }),
  })
}

function chunkOf(content, finish_reason) {
  const choices = [{ index: 0, delta: { content }, finish_reason }]
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_750_000_000, model: 'm', choices }
}

async function firstLine(child) {
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error('the program ended without a word')
}

/** What a number stays at: ten readings, each a request of its own, give the same. */
async function standstill(read) {
  let last = -1
  for (let same = 0; same < 10; same += 1) {
    const now = await read()
    if (now !== last) same = 0
    last = now
  }
  return last
}
