import { afterEach, expect, it } from 'vitest'
import { aiSdkTransport, type AiSdkTransportOptions } from '../src/ai-sdk.ts'
import { createManualEnvironment, createScriptedTransport } from '../src/testing.ts'

afterEach(() => void Reflect.deleteProperty(globalThis, 'sessionStorage'))

const fail = (): never => {
  throw new DOMException('There is no place', 'QuotaExceededError')
}

it.each<[string, () => AiSdkTransportOptions['storage']]>([
  ['is full', () => ({ getItem: () => null, setItem: fail, removeItem: fail })],
  ['can not be read', () => ({ getItem: fail, setItem: fail, removeItem: fail })],
  [
    'is forbidden',
    () => {
      Object.defineProperty(globalThis, 'sessionStorage', { configurable: true, get: fail })
      return undefined
    },
  ],
])('an answer comes also where the storage %s', async (_how, storage) => {
  const transport = createScriptedTransport({
    answer(stream) {
      stream.write('Hi')
      stream.end()
    },
  })
  const ui = aiSdkTransport({ transport, environment: createManualEnvironment(), storage: storage() })
  const stream = await ui.sendMessages({
    trigger: 'submit-message',
    chatId: 'c1',
    messageId: undefined,
    messages: [{ id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Hello!' }] }],
    abortSignal: undefined,
  })
  const types: string[] = []
  for await (const { type } of stream) types.push(type)
  expect(types).toEqual(['start', 'start-step', 'text-start', 'text-delta', 'text-end', 'finish-step', 'finish'])
  expect(await ui.reconnectToStream({ chatId: 'c1' })).toBe(null)
})
