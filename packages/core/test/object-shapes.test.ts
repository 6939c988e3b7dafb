import { setFlagsFromString } from 'node:v8'
import { runInThisContext } from 'node:vm'
import { expect, it } from 'vitest'
import { normalized, rawChunk } from './raw.ts'

// V8 keeps an object that had a field deleted as a table of hashes: more than twice as large, and slow to read for everybody.
setFlagsFromString('--allow-natives-syntax')
const isPlain = runInThisContext('(object) => %HasFastProperties(object)') as (object: object) => boolean

it('knows a table of hashes', () => {
  const object: { a?: number; b: number; c: number } = { a: 1, b: 2, c: 3 }
  expect(isPlain(object)).toBe(true)
  delete object.a
  expect(isPlain(object)).toBe(false)
})

it.each<[string, object]>([
  ['obfuscation', { obfuscation: 'x', ...rawChunk({ content: 'a' }) }],
  ['an empty fingerprint', { system_fingerprint: null, ...rawChunk({ content: 'a' }) }],
  ['an empty usage', { usage: {}, ...rawChunk({ content: 'a' }) }],
  ['usage in a choice', rawChunk({ content: 'a' }, null, { usage: { total_tokens: 1 }, index: 0 })],
  ['a text beside the delta', { ...rawChunk(undefined), choices: [{ text: 'a', delta: { content: 'a' }, index: 0 }] }],
  ['a text and no delta', { ...rawChunk(undefined), choices: [{ text: 'a', index: 0 }] }],
  [
    'a message beside the delta',
    { ...rawChunk(undefined), choices: [{ message: {}, delta: { content: 'a' }, index: 0 }] },
  ],
  [
    'a message that says nothing',
    { ...rawChunk(undefined), choices: [{ whole_message: {}, delta: { content: 'a' } }] },
  ],
  ['an empty role', rawChunk({ role: '', content: 'a' })],
  ['an empty function call', rawChunk({ function_call: null, content: 'a' })],
  ['no tool calls', rawChunk({ tool_calls: [], content: 'a' })],
  ['audio that is none', rawChunk({ audio: 1, content: 'a' })],
  ['the index of a delta', rawChunk({ index: 0, content: 'a' })],
])('drops %s and leaves objects as V8 makes them', (_what, raw) => {
  const [chunk] = normalized([raw])
  const choice = chunk?.choices[0]
  expect(chunk).toMatchObject({ choices: [{ delta: { content: 'a' } }] })
  expect([chunk, choice, choice?.delta].map((part) => part !== undefined && isPlain(part))).toEqual([true, true, true])
})
