import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { createMockServer, type MockServer } from '@deltawire/cli/mock'
import type { AIMessageChunk } from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import { jsonSchema, streamText, tool } from 'ai'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RelayNode, startNode } from './support/relay-node.ts'

let upstream: MockServer
let node: RelayNode
let asked = 0

beforeAll(async () => {
  upstream = await createMockServer({ apiKey: 'sk-upstream', onAnswer: () => asked++ })
  node = await startNode({ UPSTREAM_URL: upstream.baseURL, UPSTREAM_KEY: 'sk-upstream', MAX_LIVE_STREAMS: 100 })
})
beforeEach(() => {
  asked = 0
})
afterAll(async () => {
  await node.kill()
  await upstream.close()
})

const messages = [{ role: 'user' as const, content: 'Hi' }]

/** What a client makes of an answer, when it asks the upstream and when it asks the relay. */
async function both<T>(ask: (baseURL: string, apiKey: string) => Promise<T>): Promise<{ direct: T; relayed: T }> {
  const direct = await ask(upstream.baseURL, 'sk-upstream')
  return { direct, relayed: await ask(`${node.origin}/v1`, 'sk-nothing-of-the-upstream') }
}

describe.each(['demo:text', 'demo:tools', 'demo:reasoning', 'demo:refusal'])('the answer of %s', (model) => {
  it('is the same for the official SDK, streamed and whole', async () => {
    const { direct, relayed } = await both(async (baseURL, apiKey) => {
      const { chat } = new OpenAI({ baseURL, apiKey, maxRetries: 0 })
      const options = { include_usage: true }
      const streamed = chat.completions.stream({ model, messages, stream_options: options })
      const summed = await streamed.finalChatCompletion()
      // Its stream helper keeps the last piece of a field that it does not know, whatever came before.
      for (const { message } of summed.choices) Reflect.deleteProperty(message, 'reasoning_content')
      return [summed, await chat.completions.create({ model, messages })] as const
    })
    expect(relayed).toEqual(direct)
  })

  it('is the same for the AI SDK', async () => {
    const parameters = jsonSchema<{ city: string; unit: string }>({
      type: 'object',
      properties: { city: { type: 'string' }, unit: { type: 'string' } },
    })
    const { direct, relayed } = await both(async (baseURL, apiKey) => {
      const chat = createOpenAICompatible({ name: 'any', baseURL, apiKey, includeUsage: true })(model)
      const result = streamText({
        model: chat,
        prompt: 'Hi',
        tools: { get_weather: tool({ inputSchema: parameters }) },
        maxRetries: 0,
      })
      const calls = (await result.toolCalls).map(({ toolCallId, toolName, input }) => [toolCallId, toolName, input])
      return [await result.text, await result.reasoningText, calls, await result.finishReason, await result.usage]
    })
    expect(relayed).toEqual(direct)
  })

  it('is the same for LangChain', async () => {
    const { direct, relayed } = await both(async (baseURL, apiKey) => {
      const chat = new ChatOpenAI({ model, apiKey, configuration: { baseURL }, maxRetries: 0 })
      let sum: AIMessageChunk | undefined
      for await (const chunk of await chat.stream('Hi')) sum = sum === undefined ? chunk : sum.concat(chunk)
      return { content: sum?.content, calls: sum?.tool_calls, usage: sum?.usage_metadata, more: sum?.additional_kwargs }
    })
    expect(relayed).toEqual(direct)
  })
})

describe('a client that asks again', () => {
  const client = () => new OpenAI({ baseURL: `${node.origin}/v1`, apiKey: 'any', maxRetries: 0 })

  it('gets the answer that it had begun, and the model is asked once', async () => {
    const ask = () =>
      client()
        .chat.completions.create(
          { model: 'demo:tools', messages, stream: true },
          { headers: { 'idempotency-key': 'message-17' } },
        )
        .withResponse()
    const first = await ask()
    // It reads one chunk and goes: a page that is reloaded.
    for await (const _ of first.data) break
    const second = await ask()
    let calls = ''
    for await (const { choices } of second.data)
      for (const call of choices[0]?.delta.tool_calls ?? []) calls += call.function?.arguments ?? ''
    expect(second.response.headers.get('x-stream-id')).toBe(first.response.headers.get('x-stream-id'))
    expect(calls).toBe('{"city":"Oslo","unit":"celsius"}{"city":"Lima","unit":"celsius"}')
    expect(asked).toBe(1)
  })

  it('is told that the model failed, and nothing that only its operator should know', async () => {
    const { chat } = new OpenAI({ baseURL: `${node.origin}/v1`, apiKey: 'any', maxRetries: 0 })
    const failure = chat.completions.create({ model: 'demo:error', messages })
    await expect(failure).rejects.toMatchObject({ status: 502, code: 'upstream_error' })
  })
})
