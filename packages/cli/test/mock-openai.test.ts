import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMockServer, type MockServer } from '../src/mock/create-mock-server.ts'

let server: MockServer
let client: OpenAI

beforeAll(async () => {
  server = await createMockServer({ apiKey: 'sk-mock' })
  client = new OpenAI({ baseURL: server.baseURL, apiKey: 'sk-mock', maxRetries: 0 })
})
afterAll(() => server.close())

const messages = [{ role: 'user' as const, content: 'Hello' }]

describe('the official SDK', () => {
  test('streams text from the mock server', async () => {
    const stream = await client.chat.completions.create({ model: 'demo:text', messages, stream: true })
    let text = ''
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toMatch(/^A chunk is .* itself a chunk\.$/)
  })

  test('collects tool calls and usage', async () => {
    const stream = client.chat.completions.stream({
      model: 'demo:tools',
      messages,
      stream_options: { include_usage: true },
    })
    const { choices, usage } = await stream.finalChatCompletion()
    const calls = choices[0]?.message.tool_calls?.map((call) => call.type === 'function' && call.function.arguments)
    expect(calls).toEqual(['{"city":"Oslo","unit":"celsius"}', '{"city":"Lima","unit":"celsius"}'])
    expect(usage?.total_tokens).toBe(99)
  })

  test('gets a completion without a stream', async () => {
    const { choices } = await client.chat.completions.create({ model: 'demo:refusal', messages })
    expect(choices[0]?.message.refusal).toBe("I'm sorry, I can't help with that.")
  })

  test('lists the models', async () => {
    const names: string[] = []
    for await (const { id } of client.models.list()) names.push(id)
    expect(names).toContain('demo:tools')
    expect((await client.models.retrieve('demo:tools')).id).toBe('demo:tools')
  })

  test('understands the errors', async () => {
    const stranger = new OpenAI({ baseURL: server.baseURL, apiKey: 'sk-other', maxRetries: 0 })
    await expect(stranger.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' })
    await expect(client.embeddings.create({ model: 'm', input: 'a' })).rejects.toMatchObject({
      status: 404,
      code: 'unknown_url',
    })
    const stream = await client.chat.completions.create({ model: 'demo:error', messages, stream: true })
    await expect(async () => {
      for await (const _ of stream);
    }).rejects.toMatchObject({ code: 'overloaded' })
  })

  test('sees that a stream was cut', async () => {
    const stream = await client.chat.completions.create({ model: 'demo:cut', messages, stream: true })
    await expect(async () => {
      for await (const _ of stream);
    }).rejects.toThrow(/terminated|premature/i)
  })
})
