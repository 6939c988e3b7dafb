import { describe, expect, it } from 'vitest'
import { type ChatCompletionChunk, createAccumulator, mergeChunk } from '../src/index.ts'
import { snapshotOf } from '../src/merge/snapshot.ts'
import { chunkOf } from './raw.ts'

const token = (at: number) => ({ token: `t${at}`, logprob: -1, bytes: null, top_logprobs: [] })

it('a snapshot looks like the sum, and prints like it', () => {
  const sum = mergeChunk(undefined, {
    ...chunkOf({
      content: [{ type: 'text', text: 'a' }],
      tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }],
    }),
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  })
  expect(snapshotOf(sum)).toEqual(sum)
  expect(JSON.stringify(snapshotOf(sum))).toBe(JSON.stringify(sum))
  expect({ ...snapshotOf(sum) }).toEqual(sum)
})

describe('a long list', () => {
  const long = (length: number) => Array.from({ length }, (_, at) => at)
  const withIds = (ids: number[]) => ({
    ...chunkOf({}),
    choices: [{ index: 0, delta: {}, finish_reason: null, token_ids: ids }],
  })
  const idsIn = (chunk: ChatCompletionChunk | undefined) =>
    (chunk?.choices[0] as { token_ids?: number[] } | undefined)?.token_ids

  it('has in a snapshot the length of its moment, whenever somebody looks', () => {
    for (const length of [1, 31, 32, 33, 34, 1_000]) {
      const accumulator = createAccumulator()
      accumulator.push(withIds(long(length)))
      const [early, late] = [accumulator.snapshot(), accumulator.snapshot()]
      expect(idsIn(early)).toEqual(long(length))
      accumulator.push(withIds([7]))
      expect(idsIn(early)).toEqual(long(length))
      expect(idsIn(late)).toEqual(long(length))
      expect(idsIn(accumulator.snapshot())).toEqual([...long(length), 7])
    }
  })

  it('may be in a snapshot that was frozen before anybody looked', () => {
    const snapshot = snapshotOf(mergeChunk(undefined, withIds(long(100))))
    Object.freeze(snapshot.choices[0])
    expect(idsIn(snapshot)).toEqual(long(100))
    expect(idsIn(snapshot)).toBe(idsIn(snapshot))
  })

  it('may have others beside it, and be read through a proxy or an heir', () => {
    const accumulator = createAccumulator()
    const lists = (from: number, length: number) =>
      Object.fromEntries(['token_ids', 'a', 'b'].map((key, at) => [key, long(length).map((id) => from + id + at)]))
    const push = (from: number, length: number) =>
      accumulator.push({
        ...chunkOf({}),
        choices: [{ index: 0, delta: {}, finish_reason: null, ...lists(from, length) }],
      })
    push(0, 100)
    const choices = [1, 2, 3].map(() => accumulator.snapshot()?.choices[0] ?? {})
    push(100, 1)
    const [first, second, third] = choices as [object, object, object]
    expect(first).toMatchObject(lists(0, 100))
    expect(Object.create(second)).toHaveProperty('b', lists(0, 100).b)
    expect({
      ...new Proxy(third, { get: (target, key, receiver) => Reflect.get(target, key, receiver) as unknown }),
    }).toEqual(first)
    expect(accumulator.snapshot()?.choices[0]).toMatchObject(lists(0, 101))
  })

  it('is the same list each time it is looked at', () => {
    const snapshot = snapshotOf(mergeChunk(undefined, withIds(long(100))))
    expect(idsIn(snapshot)).toBe(idsIn(snapshot))
  })
})

it('an item that merges by its place is copied, also in a long list of others', () => {
  const accumulator = createAccumulator()
  const detail = (index: number | undefined) => ({ type: 'x', text: 'a', ...(index !== undefined && { index }) })
  const push = (...details: object[]) => accumulator.push(chunkOf({ reasoning_details: details as never }))
  push(detail(0))
  push(...Array.from({ length: 100 }, () => detail(undefined)))
  const before = accumulator.snapshot()
  push(detail(0))
  expect(before?.choices[0]?.delta.reasoning_details?.[0]).toEqual(detail(0))
  expect(accumulator.sum?.choices[0]?.delta.reasoning_details?.[0]).toEqual({ ...detail(0), text: 'aa' })
})

it('costs no look at the items that have come before', () => {
  let looks = 0
  const watched = (at: number) =>
    new Proxy(token(at), {
      get(target, key) {
        looks++
        return Reflect.get(target, key) as unknown
      },
    })
  const accumulator = createAccumulator()
  for (let at = 0; at < 2_000; at++) {
    accumulator.push(chunkOf({}, { logprobs: { content: [watched(at)], refusal: null } }))
    accumulator.snapshot()
  }
  // A few per item while the list is short, none afterwards.
  expect(looks).toBeLessThan(2_000 * 10)
})
