import * as core from '@deltawire/core'
import { runSnippet, snippetsOf, typeErrorsOf } from '@deltawire/testkit/guide'
import * as keyv from 'keyv'
import * as keyvFile from 'keyv-file'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import * as os from 'node:os'
import { join } from 'node:path'
import { format } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as chatgpt from '../../src/chatgpt/index.ts'
import * as node from '../../src/index.ts'
import { type ByteServer, done, event, page, serveBytes, stream } from '../client/byte-server.ts'
import { says } from './model.ts'

const guides = {
  'packages/node/README.md': { createConversation: 'You are Ann. true\n' },
  'docs/conversations.md': {
    'Asking on': 'Hello Ann.\nYou are Ann.',
    'Going on elsewhere': 'You are Ann.\n',
    Branches: "You are Ann.\n[ 'user', 'assistant', 'user', 'assistant' ]\nI don’t know.\n",
    'What fits': "[ 'My name is Ann.', 'Hello Ann.' ]\n3\ncontext_too_long { tokens: 108, limit: 40 }\n",
    'What is kept when it breaks':
      'false [incomplete_stream] the stream ended without [DONE] and without a finish reason\nHel false incomplete_stream\n',
    'Tools in a conversation': "It is 20 degrees.\n[ 'user', 'assistant', 'tool', 'assistant' ]\n",
  },
  'docs/migrating-from-chatgpt.md': {
    'From `chatgpt`': 'I see.\nI \nI see.\nI see.\n9\n',
    'And then': 'I see.\nI \nI see.\nI see.\nI see.\nI see.\n9\n',
  },
} as const

let server: ByteServer
let folder: string

/** A model that knows names when it is told them. */
function answer({ model, messages, tools }: core.ChatCompletionRequest): string[] {
  const said = messages.map(({ content }) => content)
  if (model === 'broken' && messages.length === 1) return [event({ content: 'Hel' })]
  if (tools !== undefined && messages.at(-1)?.role !== 'tool') {
    const call = { index: 0, id: 'c1', type: 'function', function: { name: 'weather', arguments: '{}' } }
    return [event({ tool_calls: [call] }), event({}, 'tool_calls'), done]
  }
  if (tools !== undefined) return says('It is ', '20 degrees.')
  if (said.at(-1) === 'My name is Ann.') return says('Hello Ann.')
  if (said.at(-1) === 'What is my name?')
    return says(said.includes('My name is Ann.') ? 'You are Ann.' : 'I don’t know.')
  return says('I ', 'see.')
}

beforeAll(async () => {
  folder = await mkdtemp(join(os.tmpdir(), 'deltawire-docs-'))
  server = await serveBytes((socket, { body }) => {
    const request = JSON.parse(body) as core.ChatCompletionRequest
    const message = { role: 'assistant', content: 'I see.' }
    const choices = [{ index: 0, message, finish_reason: 'stop' }]
    if (request.stream === true) stream(socket, answer(request))
    else socket.write(page('200 OK', JSON.stringify({ id: '1', object: 'chat.completion', choices })))
  })
  vi.stubEnv('OPENAI_BASE_URL', server.baseURL)
  vi.stubEnv('OPENAI_API_KEY', 'sk-1')
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

describe.each(Object.entries(guides))('%s', async (name, printed) => {
  const guide = await readFile(new URL(`../../../../${name}`, import.meta.url), 'utf8')
  // The rest of the README is run elsewhere.
  const snippets = snippetsOf(guide).filter(({ title }) => name.startsWith('docs/') || title in printed)

  it('has a snippet in every section that the test knows, and no other', () => {
    expect(snippets.map(({ title }) => title)).toEqual(Object.keys(printed))
  })

  it('compiles', { timeout: 60_000 }, () => {
    expect(typeErrorsOf(snippets, new URL('.', import.meta.url))).toEqual([])
  })

  it.each(snippets.map(({ title, code }) => [title, code]))('prints what it says: %s', async (title, code) => {
    let text = ''
    const console = { log: (...values: unknown[]) => (text += `${format(...values)}\n`) }
    const out = { env: process.env, stdout: { write: (piece: string) => (text += piece) } }
    const modules = {
      '@deltawire/core': core,
      '@deltawire/node': node,
      '@deltawire/node/chatgpt': chatgpt,
      'node:os': { tmpdir: () => folder },
      keyv,
      'keyv-file': keyvFile,
    }
    await runSnippet(code, modules, { console, process: out })
    expect(text).toBe(new Map(Object.entries(printed)).get(title))
  })
})
