import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { format } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ChatCompletionRequest } from '@deltawire/core'
import * as chatgpt from '../../src/chatgpt/index.ts'
import { type ByteServer, page, serveBytes, stream } from '../client/byte-server.ts'
import { says } from '../conversation/model.ts'

// The examples are read from the package that the ancestor is: they are not ours to copy.
const path = createRequire(import.meta.url)
  .resolve('chatgpt')
  .replace(/build.*$/, 'readme.md')
const readme = await readFile(path, 'utf8')
const start = readme.indexOf('### Usage - ChatGPTAPI\n')
const end = readme.indexOf('### Usage - ChatGPTUnofficialProxyAPI\n')
const snippets = [...readme.slice(start, end).matchAll(/```(?:ts|js)\n([^]*?)```/g)].map(([, code = '']) => code)

let server: ByteServer

beforeAll(async () => {
  server = await serveBytes((socket, { body }) => {
    const request = JSON.parse(body) as ChatCompletionRequest
    const text = `I was told ${request.messages.length}.`
    const message = { role: 'assistant', content: text }
    const completion = { id: '1', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message }] }
    if (request.stream === true) stream(socket, says('I was told ', `${request.messages.length}.`))
    else socket.write(page('200 OK', JSON.stringify(completion)))
  })
  vi.stubEnv('OPENAI_BASE_URL', server.baseURL)
  vi.stubEnv('OPENAI_API_KEY', 'sk-1')
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await server.close()
})

/** Runs an example as it is, with our module in the place of the ancestor's, and gives what it prints. */
async function run(code: string): Promise<string[]> {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  })
  const body = outputText
    .replaceAll(/^import (\{.*\}) from 'chatgpt';$/gm, 'const $1 = chatgpt;')
    .replaceAll(`import('chatgpt')`, 'Promise.resolve(chatgpt)')
  const printed: string[] = []
  const print = { log: (...values: unknown[]) => printed.push(format(...values)) }
  // Some go on with the `api` of an earlier one, some are the body of a function.
  const api = /\bapi =/.test(body) ? '' : `const api = new chatgpt.ChatGPTAPI({ apiKey: 'sk-1' });`
  const before = `${/\{ ChatGPTAPI \} =/.test(body) ? '' : 'const { ChatGPTAPI } = chatgpt;'}${api}`
  const after = /function example\(/.test(body) ? ';await example()' : ''
  const AsyncFunction = (async () => {}).constructor as new (
    ...code: string[]
  ) => (...values: unknown[]) => Promise<void>
  await new AsyncFunction('chatgpt', 'console', 'process', before + body + after)(chatgpt, print, process)
  return printed
}

/** What each prints: the model tells how many messages it was told, the system's among them. */
const printed = [
  ['I was told 2.'],
  [],
  ['I was told 2.', 'I was told 4.', 'I was told 6.'],
  ['I was told ', 'I was told 2.', 'I was told 2.', 'I was told 2.'],
  [],
  [],
  [],
  ['I was told 2.'],
]

describe('the examples in the readme of chatgpt@5.2.5', () => {
  it('are as many as there were', () => {
    expect(snippets).toHaveLength(printed.length)
  })

  it.for(printed.map((lines, nth) => [nth + 1, lines] as const))(
    'run unchanged: number %i',
    async ([number, lines]) => {
      expect(await run(snippets[number - 1] ?? '')).toEqual(lines)
    },
  )

  it('say what they are to say to the server', () => {
    const bodies = server.requests.map(({ body }) => JSON.parse(body) as ChatCompletionRequest)
    expect(bodies.filter(({ model }) => model === 'gpt-3.5-turbo')).not.toHaveLength(0)
    for (const { headers, line } of server.requests) {
      expect(headers['authorization']).toBe('Bearer sk-1')
      expect(line).toBe('POST /v1/chat/completions HTTP/1.1')
    }
    const systems = bodies.map(({ messages }) => messages[0]?.content)
    expect(systems.filter((text) => typeof text === 'string' && text.includes('ChatGPT'))).toHaveLength(bodies.length)
  })
})
