import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const root = new URL('../../../', import.meta.url)

const answer = [
  { delta: { role: 'assistant', content: '', refusal: null } },
  { delta: { reasoning_content: 'They greet.' } },
  { delta: { content: 'Hello ' } },
  { delta: { content: 'there.' } },
  {
    delta: { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }] },
  },
  { delta: { tool_calls: [{ index: 0, function: { arguments: '{"city":"Pa' } }] } },
  { delta: { tool_calls: [{ index: 0, function: { arguments: 'ris"}' } }] } },
  { delta: {}, finish_reason: 'tool_calls' },
]

/** What each example must print, on the answer above. */
const expected: Record<string, { stdout: RegExp; stderr?: string }> = {
  'fold.ts': { stdout: /content: 'Hello there\.'[^]*id: 'call_1'/ },
  'stream.ts': { stdout: /^Hello there\.$/, stderr: 'They greet.' },
  'parts.ts': { stdout: /^Hello there\.\{ city: 'Pa' \}\n\{ city: 'Paris' \}\ntool_calls\n$/ },
  'sum.ts': { stdout: /^Hello world\nHello world\n$/ },
  'fan-out.ts': { stdout: /first Hello there\.\n/ },
}

let server: Server
let base: string
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'deltawire-examples-'))
  server = createServer((request, response) => {
    request.resume()
    response.setHeader('content-type', 'text/event-stream')
    for (const { delta, finish_reason = null } of answer as { delta: object; finish_reason?: string }[]) {
      const choices = [{ index: 0, delta, logprobs: null, finish_reason }]
      const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1767225600, model: 'demo', choices }
      response.write(`data: ${JSON.stringify(chunk)}\n\n`)
    }
    response.end('data: [DONE]\n\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
})
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  await rm(folder, { recursive: true })
})

const examples = await readdir(new URL('../src', import.meta.url))

describe.each(examples)('%s', (name) => {
  it('prints what the README says', async () => {
    const outfile = join(folder, `${name}.mjs`)
    await build({
      entryPoints: [fileURLToPath(new URL(`../src/${name}`, import.meta.url))],
      bundle: true,
      outfile,
      format: 'esm',
      platform: 'node',
      conditions: ['@deltawire/source'],
    })
    const env = { ...process.env, OPENAI_BASE_URL: base, OPENAI_API_KEY: 'none' }
    const { stdout, stderr } = await run(process.execPath, [outfile], { env })
    expect(stdout).toMatch(expected[name]?.stdout ?? /an example needs an expectation/)
    expect(stderr).toBe(expected[name]?.stderr ?? '')
  })

  it('stands in a README as it is', async () => {
    const source = (await readFile(new URL(`../src/${name}`, import.meta.url), 'utf8')).trim()
    const readmes = ['README.md', 'packages/core/README.md', 'packages/node/README.md']
    const texts = await Promise.all(readmes.map((path) => readFile(new URL(path, root), 'utf8')))
    expect(texts.some((text) => text.includes(`\`\`\`ts\n${source}\n\`\`\``))).toBe(true)
  })
})
