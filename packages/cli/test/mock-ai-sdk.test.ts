import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { jsonSchema, streamText, tool } from 'ai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMockServer, type MockServer } from '../src/mock/create-mock-server.ts'

let server: MockServer

beforeAll(async () => {
  server = await createMockServer()
})
afterAll(() => server.close())

function model(name: string) {
  return createOpenAICompatible({ name: 'mock', baseURL: server.baseURL, includeUsage: true })(name)
}

describe('the AI SDK', () => {
  test('streams reasoning and text from the mock server', async () => {
    const result = streamText({ model: model('demo:reasoning'), prompt: 'Hello' })
    let text = ''
    for await (const piece of result.textStream) text += piece
    expect(text).toBe('9.8 is larger than 9.11.')
    expect(await result.reasoningText).toMatch(/^Which is larger/)
    expect(await result.finishReason).toBe('stop')
    expect((await result.usage).outputTokens).toBe(43)
  })

  test('streams tool calls', async () => {
    const parameters = jsonSchema<{ city: string; unit: string }>({
      type: 'object',
      properties: { city: { type: 'string' }, unit: { type: 'string' } },
    })
    const result = streamText({
      model: model('demo:tools'),
      prompt: 'Hello',
      tools: { get_weather: tool({ inputSchema: parameters }) },
    })
    const calls = (await result.toolCalls).map(({ toolCallId, toolName, input }) => ({ toolCallId, toolName, input }))
    expect(calls).toEqual([
      { toolCallId: 'call_demo_oslo', toolName: 'get_weather', input: { city: 'Oslo', unit: 'celsius' } },
      { toolCallId: 'call_demo_lima', toolName: 'get_weather', input: { city: 'Lima', unit: 'celsius' } },
    ])
    expect(await result.finishReason).toBe('tool-calls')
  })
})
