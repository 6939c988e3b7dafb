import * as core from '@deltawire/core'
import { runSnippet, snippetsOf, typeErrorsOf } from '@deltawire/testkit/guide'
import { readFile } from 'node:fs/promises'
import { format } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as zod from 'zod'
import * as node from '../../src/index.ts'
import { type ByteServer, done, event, serveBytes, stream } from './byte-server.ts'

const guide = await readFile(new URL('../../../../docs/node.md', import.meta.url), 'utf8')
const snippets = snippetsOf(guide)

/** What each snippet prints. */
const printed: Record<string, string> = {
  'A first stream': 'Hello there.stop 9\n',
  'What it can be':
    'Hello there.\ntext: Hello \ntext: there.\nended: stop\n200 req_1\ntext/event-stream; charset=utf-8\ntrue\n',
  'When it breaks':
    'arrived: Hello \nincomplete_stream [incomplete_stream] the stream ended without [DONE] and without a finish reason\npartial: Hello \n',
  Leaving: 'first: Hello \nkept: Hello  AbortError\n',
  'Answers with a schema': "… 0\nParis 0\nParis 1\nParis 2\n[ 'LOUVRE', 'SEINE' ]\n",
  Tools: 'calls weather { city: \'Paris\' }\ngets {"city":"Paris","celsius":20}\n2 20 degrees 4\n',
}

let server: ByteServer

beforeAll(async () => {
  server = await serveBytes((socket, { body }) => {
    const { model, response_format, tools, messages } = JSON.parse(body) as core.ChatCompletionRequest
    const usage = { prompt_tokens: 5, completion_tokens: 4, total_tokens: 9 }
    const end = [event({}, 'stop'), event({}, null, { choices: [], usage }), done]
    const answer = (...texts: string[]) => [...texts.map((content) => event({ content })), ...end]
    const call = {
      index: 0,
      id: 'call_1',
      type: 'function',
      function: { name: 'weather', arguments: '{"city":"Paris"}' },
    }
    const events =
      model === 'broken'
        ? [event({ content: 'Hello ' })]
        : response_format !== undefined
          ? answer('{', '"city":"Paris",', '"sights":[{"name":"Louvre"}', ',{"name":"Seine"}]}')
          : tools === undefined
            ? answer('Hello ', 'there.')
            : messages.at(-1)?.role === 'tool'
              ? answer('20 degrees')
              : [event({ tool_calls: [call] }), ...end]
    stream(socket, events, { 'x-request-id': 'req_1' })
  })
  vi.stubEnv('OPENAI_BASE_URL', server.baseURL)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await server.close()
})

const modules: Record<string, object> = { '@deltawire/core': core, '@deltawire/node': node, zod }

/** What a snippet prints. */
async function run(code: string): Promise<string> {
  let text = ''
  const print = { log: (...values: unknown[]) => (text += `${format(...values)}\n`) }
  const out = { stdout: { write: (piece: string) => (text += piece) } }
  await runSnippet(code, modules, { console: print, process: out })
  return text
}

describe('the guide', () => {
  it('has a snippet in every section that the test knows, and no other', () => {
    expect(snippets.map(({ title }) => title)).toEqual(Object.keys(printed))
    expect(guide.match(/```ts/g)).toHaveLength(snippets.length)
  })

  it('compiles', { timeout: 30_000 }, () => {
    expect(typeErrorsOf(snippets, new URL('.', import.meta.url))).toEqual([])
  })

  it.for(snippets.map(({ title, code }) => [title, code] as const))(
    'prints what it says: %s',
    async ([title, code]) => {
      expect(await run(code)).toBe(printed[title])
    },
  )
})
