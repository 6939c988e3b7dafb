import fc from 'fast-check'
import type { RequestMessage } from '@deltawire/core'
import { expect, test } from 'vitest'
import { toMessages } from '../src/chat/conversation.ts'
import { messageText } from '../src/store/message-text.ts'
import { readRecord } from '../src/store/record.ts'
import { runCli } from './run-cli.ts'
import { tempHome } from './temp-home.ts'
import { answering, saying } from './upstream.ts'

const home = tempHome()

/** What a request may say: JSON, and nobody has looked at it yet. */
const anyMessage = fc.record(
  {
    role: fc.constantFrom('user', 'assistant', 'tool', 'x'),
    content: fc.jsonValue(),
    tool_calls: fc.oneof(fc.jsonValue(), fc.array(fc.record({ id: fc.jsonValue(), function: fc.jsonValue() }))),
    refusal: fc.jsonValue(),
  },
  { requiredKeys: ['role'] },
) as unknown as fc.Arbitrary<RequestMessage>

test('every message that a request can hold can be read as a text, and sent again', () => {
  const at = '2026-08-22T09:00:00.000Z'
  fc.assert(
    fc.property(fc.array(anyMessage), (messages) => {
      for (const message of messages) expect(typeof messageText(message)).toBe('string')
      const path = messages.map(
        (message, index) => ({ type: 'message', id: String(index), thread: 't', parent: null, at, message }) as const,
      )
      expect(toMessages(path)).toHaveLength(messages.length)
    }),
  )
})

test('a request that no server would take does not make the history unreadable', async () => {
  const { fetch } = answering(() => saying('hello'))
  const messages = [
    { role: 'user', content: 5 },
    { role: 'assistant', content: { a: 1 }, tool_calls: [{ id: 'c' }, null] },
    { role: 'user', content: [null, 7, { text: 'seven' }] },
  ]
  const request = home.write('request.json', JSON.stringify({ model: 'm', messages }))
  const env = { ...home.env, OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', OPENAI_API_KEY: 'k' }
  expect(await runCli(['ask', '--request', request], { env, fetch })).toMatchObject({ code: 0, stdout: 'hello' })
  for (const argv of [['ls'], ['show'], ['search', 'seven'], ['stats'], ['export', '--all']]) {
    expect(await runCli(['history', ...argv], { env })).toMatchObject({ code: 0, stderr: '' })
  }
  expect((await runCli(['history', 'show'], { env })).stdout).toContain('7\nseven')
  expect(await runCli(['-c', 'go on', '-m', 'm'], { env, fetch })).toMatchObject({ code: 0 })
})

test('a line of the history whose time is none is no line of it', () => {
  const line = { type: 'message', id: 'a', thread: 't', parent: null, message: { role: 'user', content: 'x' } }
  expect(readRecord(JSON.stringify({ ...line, at: '2026-08-22T09:00:00.000Z' }))).toBeDefined()
  expect(readRecord(JSON.stringify({ ...line, at: 'yesterday' }))).toBeUndefined()
})
