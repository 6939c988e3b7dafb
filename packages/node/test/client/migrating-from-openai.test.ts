import * as core from '@deltawire/core'
import { runSnippet, snippetsOf, typeErrorsOf } from '@deltawire/testkit/guide'
import { readFile } from 'node:fs/promises'
import { format } from 'node:util'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as node from '../../src/index.ts'
import { type ByteServer, done, event, serveBytes, stream } from './byte-server.ts'

const guide = await readFile(new URL('../../../../docs/migrating-from-openai.md', import.meta.url), 'utf8')
const snippets = snippetsOf(guide)
const modules = { '@deltawire/core': core, '@deltawire/node': node, openai: { default: OpenAI } }

/** What both snippets of a section print. */
const printed: Record<string, string> = {
  'Text as it comes, and the answer': 'text: Hello \ntext: there.\nHello there. 9\n',
  'A tool call': "weather { city: 'Paris' }\n",
  'When it breaks': '429 req_1\n',
}

let server: ByteServer

beforeAll(async () => {
  const usage = { prompt_tokens: 5, completion_tokens: 4, total_tokens: 9 }
  const answer = [event({ role: 'assistant', content: 'Hello ' }), event({ content: 'there.' }), event({}, 'stop')]
  const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":' } }
  const calls = [
    event({ role: 'assistant', tool_calls: [call] }),
    event({ tool_calls: [{ index: 0, function: { arguments: '"Paris"}' } }] }),
    event({}, 'tool_calls'),
  ]
  server = await serveBytes((socket, { body }) => {
    const { model } = JSON.parse(body) as core.ChatCompletionRequest
    const end = [event({}, null, { choices: [], usage }), done]
    if (model !== 'limited') stream(socket, [...(model === 'tools' ? calls : answer), ...end])
    else socket.end('HTTP/1.1 429 Too Many Requests\r\nx-request-id: req_1\r\ncontent-length: 0\r\n\r\n')
  })
  vi.stubEnv('OPENAI_BASE_URL', server.baseURL)
  vi.stubEnv('OPENAI_API_KEY', 'none')
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await server.close()
})

describe('the guide for who comes from the official SDK', () => {
  it('has a pair of snippets in every section that the test knows', () => {
    expect(snippets.map(({ title }) => title)).toEqual(Object.keys(printed).flatMap((title) => [title, title]))
  })

  it('compiles', { timeout: 60_000 }, () => {
    expect(typeErrorsOf(snippets, new URL('.', import.meta.url))).toEqual([])
  })

  it.each(snippets.map(({ title, code }) => [title, code]))(
    'prints the same on both sides: %s',
    async (title, code) => {
      let text = ''
      const print = { log: (...values: unknown[]) => (text += `${format(...values)}\n`) }
      await runSnippet(code, modules, { console: print })
      expect(text).toBe(printed[title])
    },
  )
})
