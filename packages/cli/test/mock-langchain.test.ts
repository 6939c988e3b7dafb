import type { AIMessageChunk } from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMockServer, type MockServer } from '../src/mock/create-mock-server.ts'

let server: MockServer

beforeAll(async () => {
  server = await createMockServer()
})
afterAll(() => server.close())

async function collect(model: string): Promise<AIMessageChunk> {
  const chat = new ChatOpenAI({ model, apiKey: 'mock', configuration: { baseURL: server.baseURL }, maxRetries: 0 })
  let sum: AIMessageChunk | undefined
  for await (const chunk of await chat.stream('Hello')) sum = sum === undefined ? chunk : sum.concat(chunk)
  if (sum === undefined) throw new Error('no chunk came')
  return sum
}

describe('LangChain', () => {
  test('streams text from the mock server', async () => {
    const { content, usage_metadata } = await collect('demo:text')
    expect(content).toMatch(/^A chunk is .* itself a chunk\.$/)
    expect(usage_metadata).toMatchObject({ total_tokens: 56 })
  })

  test('streams tool calls', async () => {
    const { tool_calls } = await collect('demo:tools')
    expect(tool_calls?.map(({ id, name, args }) => ({ id, name, args }))).toEqual([
      { id: 'call_demo_oslo', name: 'get_weather', args: { city: 'Oslo', unit: 'celsius' } },
      { id: 'call_demo_lima', name: 'get_weather', args: { city: 'Lima', unit: 'celsius' } },
    ])
  })
})
