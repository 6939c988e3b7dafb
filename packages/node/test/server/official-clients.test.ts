import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { encodeChunk, encodeDone, toChatCompletion, type ChatCompletionChunk } from '@deltawire/core'
import { type AIMessageChunk, HumanMessage } from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import { jsonSchema, streamText, tool } from 'ai'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createChatHandler, toNodeListener } from '../../src/index.ts'
import { sumOf } from './describe-host.ts'
import { chunkOf, usage, usageChunk } from './script.ts'

const KEY = 'sk-upstream-0123456789'

const answers: Record<string, ChatCompletionChunk[]> = {
  text: [
    chunkOf({ role: 'assistant', content: '' }),
    ...['Grüße', ' aus', ' 世界', ' 👋🏽', '\n"quoted"'].map((content) => chunkOf({ content })),
    chunkOf({}, 'stop'),
    usageChunk,
  ],
  tool: [
    chunkOf({ role: 'assistant', content: null }),
    chunkOf({
      tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }],
    }),
    ...['{"city"', ':"Zür', 'ich","days":', '3}'].map((text) =>
      chunkOf({ tool_calls: [{ index: 0, function: { arguments: text } }] }),
    ),
    chunkOf({}, 'tool_calls'),
    usageChunk,
  ],
}

/** What every client has to find out. */
interface Heard {
  text: string
  calls: { id: string; name: string; arguments: unknown }[]
  tokens: number | undefined
}

const expected: Record<string, Heard> = {
  text: { text: 'Grüße aus 世界 👋🏽\n"quoted"', calls: [], tokens: usage.total_tokens },
  tool: {
    text: '',
    calls: [{ id: 'call_1', name: 'weather', arguments: { city: 'Zürich', days: 3 } }],
    tokens: usage.total_tokens,
  },
}

const parameters = { type: 'object', properties: { city: { type: 'string' }, days: { type: 'number' } } } as const
const functionTool = { type: 'function', function: { name: 'weather', parameters } } as const

let upstream: Server
let server: Server
let baseURL: string
/** What the upstream was asked with. */
const asked: { authorization: string | undefined; cookie: string | undefined }[] = []
const errors: unknown[] = []

beforeAll(async () => {
  upstream = createServer((req, res) => {
    const { authorization, cookie } = req.headers
    asked.push({ authorization, cookie })
    req.setEncoding('utf8')
    let body = ''
    req.on('data', (piece: string) => (body += piece))
    req.on('end', () => {
      const { model } = JSON.parse(body) as { model: string }
      const chunks = answers[model]
      if (chunks === undefined) {
        res.writeHead(model === 'refused' ? 401 : 400, { 'content-type': 'application/json' })
        res.end(
          JSON.stringify({
            error: { message: `Not with ${authorization}`, type: 'invalid_request_error', code: 'bad' },
          }),
        )
        return
      }
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const chunk of chunks) res.write(encodeChunk(chunk))
      res.end(encodeDone())
    })
  })
  const handler = createChatHandler({
    upstream: { baseURL: `${await listen(upstream)}/v1`, apiKey: KEY },
    authorize: (request) => request.headers.get('authorization') === 'Bearer ours',
    onError: (error) => errors.push(error),
  })
  server = createServer(toNodeListener(handler))
  baseURL = `${await listen(server)}/v1`
})

afterAll(async () => {
  for (const one of [server, upstream]) {
    const closed = new Promise((resolve) => one.close(resolve))
    one.closeAllConnections()
    await closed
  }
})

describe.each(Object.keys(answers))('the %s of an upstream', (model) => {
  const messages = [{ role: 'user' as const, content: 'Hi' }]

  it('is the same for the openai SDK', async () => {
    const client = new OpenAI({ baseURL, apiKey: 'ours' })
    const stream = client.chat.completions.stream({
      model,
      messages,
      tools: [functionTool],
      stream_options: { include_usage: true },
    })
    const completion = await stream.finalChatCompletion()
    const message = completion.choices[0]?.message
    const calls = (message?.tool_calls ?? []).map((call) => {
      if (call.type !== 'function') throw new Error('a call of another type')
      return { id: call.id, name: call.function.name, arguments: JSON.parse(call.function.arguments) as unknown }
    })
    expect({ text: message?.content ?? '', calls, tokens: completion.usage?.total_tokens }).toEqual(expected[model])
  })

  it('is the same for the openai SDK without streaming', async () => {
    const client = new OpenAI({ baseURL, apiKey: 'ours' })
    const completion = await client.chat.completions.create({ model, messages, tools: [functionTool] })
    expect(completion).toEqual(toChatCompletion(sumOf([], answers[model] ?? [])))
  })

  it('is the same for the AI SDK', async () => {
    const provider = createOpenAICompatible({ name: 'deltawire', baseURL, apiKey: 'ours', includeUsage: true })
    const tools = {
      weather: tool({ inputSchema: jsonSchema<{ city: string }>(parameters), outputSchema: jsonSchema<string>({}) }),
    }
    const result = streamText({ model: provider(model), messages, tools, maxRetries: 0 })
    const calls = (await result.toolCalls).map((call) => ({
      id: call.toolCallId,
      name: call.toolName,
      arguments: call.input,
    }))
    const tokens = (await result.totalUsage).totalTokens
    expect({ text: await result.text, calls, tokens }).toEqual(expected[model])
  })

  it('is the same for LangChain', async () => {
    const chat = new ChatOpenAI({ model, apiKey: 'ours', configuration: { baseURL }, streamUsage: true, maxRetries: 0 })
    const stream = await chat.bindTools([functionTool]).stream([new HumanMessage('Hi')])
    let whole: AIMessageChunk | undefined
    for await (const piece of stream) whole = whole === undefined ? piece : whole.concat(piece)
    const calls = (whole?.tool_calls ?? []).map(({ id, name, args }) => ({ id, name, arguments: args }))
    expect({ text: whole?.content, calls, tokens: tokensOf(whole) }).toEqual(expected[model])
  })
})

describe('a refusal', () => {
  const messages = [{ role: 'user' as const, content: 'Hi' }]

  it('of the upstream reaches a client in its own words, without the key', async () => {
    const client = new OpenAI({ baseURL, apiKey: 'ours', maxRetries: 0 })
    const asking = client.chat.completions.create({ model: 'unknown', messages, stream: true })
    await expect(asking).rejects.toMatchObject({
      status: 400,
      error: { message: 'Not with Bearer [hidden]', type: 'invalid_request_error', code: 'bad', param: null },
    })
  })

  it('reaches a client without the key that stands in the address of the upstream', async () => {
    const handler = createChatHandler({
      upstream: {
        baseURL: 'http://chat.invalid/v1?key=sk-a%2Fb-secret&version=2026-01-01',
        fetch: async (url) =>
          Response.json({ error: { message: `${(url as URL).href}: sk-a/b-secret is no key` } }, { status: 404 }),
      },
    })
    const body = JSON.stringify({ model: 'text', messages })
    const response = await handler(new Request('http://chat.invalid/v1/chat/completions', { method: 'POST', body }))
    expect(await response.json()).toMatchObject({
      error: {
        message: 'http://chat.invalid/v1/chat/completions?key=[hidden]&version=2026-01-01: [hidden] is no key',
      },
    })
  })

  it('reaches a client without any key, however many have come and gone', async () => {
    let turns = 0
    const handler = createChatHandler({
      upstream: {
        baseURL: 'http://chat.invalid/v1',
        apiKey: () => `sk-turning-${(turns += 1)}`,
        headers: { 'x-tenant-key': 'tenant-secret' },
        fetch: async (_url, init) => {
          const key = new Headers(init?.headers).get('authorization')
          return Response.json({ error: { message: `not with ${key} of tenant-secret` } }, { status: 400 })
        },
      },
    })
    const body = JSON.stringify({ model: 'text', messages })
    for (let times = 0; times < 50; times += 1) {
      const response = await handler(new Request('http://chat.invalid/v1/chat/completions', { method: 'POST', body }))
      expect(await response.json()).toMatchObject({ error: { message: 'not with Bearer [hidden] of [hidden]' } })
    }
  })

  it('of our key is not the fault of the client', async () => {
    const client = new OpenAI({ baseURL, apiKey: 'ours', maxRetries: 0 })
    const asking = client.chat.completions.create({ model: 'refused', messages, stream: true })
    await expect(asking).rejects.toMatchObject({ status: 502, code: 'upstream_refused' })
    expect(errors.at(-1)).toMatchObject({ code: 'http_status', details: { status: 401 } })
  })

  it('of a client that may not ask opens nothing', async () => {
    const before = asked.length
    const client = new OpenAI({ baseURL, apiKey: 'theirs', maxRetries: 0 })
    const asking = client.chat.completions.create({ model: 'text', messages, stream: true })
    await expect(asking).rejects.toMatchObject({ status: 401, code: 'unauthorized' })
    expect(asked).toHaveLength(before)
  })
})

it('sends the upstream its own key, and nothing of what the client sent in headers', async () => {
  await fetch(`${baseURL}/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer ours', cookie: 'session=1', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'text', messages: [{ role: 'user', content: 'Hi' }] }),
  })
  expect(asked.at(-1)).toEqual({ authorization: `Bearer ${KEY}`, cookie: undefined })
})

/** Its type says that a message has none. */
const tokensOf = (message: { usage_metadata?: { total_tokens: number } | undefined } | undefined): number | undefined =>
  message?.usage_metadata?.total_tokens

async function listen(one: Server): Promise<string> {
  await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(one.address() as AddressInfo).port}`
}
