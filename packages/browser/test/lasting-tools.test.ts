import { expect, it } from 'vitest'
import * as z from 'zod'
import { createChat, type ToolCallPart } from '../src/index.ts'
import { createManualEnvironment, createScriptedTransport } from '../src/testing.ts'
import { createToolbox, defineTool } from '../src/tools.ts'
import { settled } from './support/until.ts'

const fail = (): never => {
  throw new Error('a mistake of the page')
}
const any = z.object({})

function setUp(tool: Parameters<typeof defineTool>[0], maxRounds?: number) {
  const environment = createManualEnvironment()
  const transport = createScriptedTransport({
    answer(stream) {
      const { role } = stream.request.messages.at(-1) ?? {}
      if (role === 'user' && stream.request.messages.length === 1) {
        stream.write({
          tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        })
        stream.end('tool_calls')
      } else {
        stream.write('Well.')
        stream.end()
      }
    },
  })
  const chat = createChat({ transport, environment, tools: createToolbox({ f: defineTool(tool) }, { maxRounds }) })
  const part = () =>
    chat
      .getSnapshot()
      .messages.flatMap(({ parts }) => parts)
      .find(({ type }) => type === 'tool-call') as ToolCallPart
  return { chat, transport, part }
}

it.each<[string, Parameters<typeof defineTool>[0]]>([
  ['its arguments are validated', { parameters: any.transform(fail), jsonSchema: {} }],
  ['somebody is asked whether it needs approval', { parameters: any, needsApproval: fail }],
  ['it runs', { parameters: any, run: fail }],
  ['its result is written down', { parameters: any, run: () => 1n }],
])('a call that throws when %s has failed, and the chat goes on', async (_when, tool) => {
  const { chat, transport, part } = setUp(tool)
  void chat.sendMessage('One')
  const waiting = chat.sendMessage('Two')
  await settled()
  expect(part().state).toBe('failed')
  expect(await waiting).toMatchObject({ error: null, message: { parts: [{ text: 'Well.' }] } })
  expect(transport.streams[1]?.request.messages.at(-1)).toMatchObject({
    role: 'tool',
    content: expect.stringMatching(/^error: /),
  })
})

it('what waits for a call goes on when the call is stopped', async () => {
  const { chat, transport } = setUp({ parameters: any, run: () => new Promise(() => {}) })
  void chat.sendMessage('One')
  const waiting = chat.sendMessage('Two')
  await settled()
  expect(transport.streams).toHaveLength(1)
  await chat.stop()
  expect(await waiting).toMatchObject({ error: null, message: { parts: [{ text: 'Well.' }] } })
})

it('what waits for a call goes on when there were calls enough', async () => {
  const { chat, transport } = setUp({ parameters: any, run: () => 1 }, 0)
  void chat.sendMessage('One')
  const waiting = chat.sendMessage('Two')
  expect(await waiting).toMatchObject({ error: null, message: { parts: [{ text: 'Well.' }] } })
  expect(transport.streams).toHaveLength(2)
})
