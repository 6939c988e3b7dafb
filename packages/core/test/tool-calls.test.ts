import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RepairName } from '../src/normalize/normalize.ts'
import { createToolCalls, type ToolCallRepair } from '../src/normalize/tool-calls.ts'
import { normalized, overTheWire, rawChunk, sumOf } from './raw.ts'

type Obj = Record<string, unknown>

const entry = (head: Obj, name?: unknown, args?: unknown): Obj => ({
  ...head,
  function: { ...(name !== undefined && { name }), ...(args !== undefined && { arguments: args }) },
})

/** What the calls of several deltas come to, as `id name(arguments)`, with the repairs on the way. */
function resolve(...deltas: Obj[][]): { calls: string[]; repairs: ToolCallRepair[] } {
  const repairs: ToolCallRepair[] = []
  const calls = createToolCalls(128, (repair) => repairs.push(repair))
  const found = new Map<number, { id: string; name: string; text: string }>()
  const entries = [...deltas.flatMap((delta) => calls.normalize(delta, false)), ...calls.normalize(undefined, true)]
  for (const { index, id, function: fn, custom } of entries as {
    index: number
    id?: string
    function?: { name?: string; arguments?: string }
    custom?: { name?: string; input?: string }
  }[]) {
    const call = found.get(index) ?? { id: '', name: '', text: '' }
    found.set(index, call)
    call.id ||= id ?? ''
    call.name = fn?.name ?? custom?.name ?? call.name
    call.text += fn?.arguments ?? custom?.input ?? ''
  }
  const sorted = [...found].toSorted(([a], [b]) => a - b)
  return { calls: sorted.map(([, { id, name, text }]) => `${id} ${name}(${text})`), repairs }
}

const a = { index: 0, id: 'a', type: 'function' }
const b = { index: 0, id: 'b', type: 'function' }

describe('where providers contradict each other', () => {
  it.each<[string, Obj[][], string[]]>([
    [
      'another id without a name goes on with the call',
      [[entry(a, 'f', '')], [entry(b, undefined, '{}')]],
      ['a f({})'],
    ],
    [
      'another id with a name opens the next call',
      [[entry(a, 'f', '{}')], [entry(b, 'f', '{"x":1}')]],
      ['a f({})', 'b f({"x":1})'],
    ],
    [
      'another id with the same name goes on while the arguments are incomplete',
      [[entry(a, 'f', '{"x"')], [entry(b, 'f', ':1}')]],
      ['a f({"x":1})'],
    ],
    [
      'another id with another name opens the next call, also then',
      [[entry(a, 'f', '{"x"')], [entry(b, 'g', '{}')]],
      ['a f({"x")', 'b g({})'],
    ],
    [
      'a name without id goes on with the call',
      [[entry(a, 'f', '{"x"')], [entry({ index: 0 }, 'f', ':1}')]],
      ['a f({"x":1})'],
    ],
    [
      'a name without id opens the next call after complete arguments',
      [[entry({ index: 0 }, 'f', '{"x":1}')], [entry({ index: 0 }, 'f', '{"x":2}')]],
      [' f({"x":1})', ' f({"x":2})'],
    ],
    [
      'a name without id and without arguments opens nothing after complete arguments',
      [[entry(a, 'f', '{"x":1}')], [entry({ index: 0 }, 'f', ' ')]],
      ['a f({"x":1} )'],
    ],
    [
      'an unseen index with a name opens a call',
      [[entry(a, 'f', '{"x"')], [entry({ index: 1 }, 'g', '{}')]],
      ['a f({"x")', ' g({})'],
    ],
    [
      'an unseen index with an id opens a call',
      [[entry(a, 'f', '{"x"')], [{ index: 1, id: 'b' }]],
      ['a f({"x")', 'b ()'],
    ],
    [
      'an unseen index with neither drifts',
      [[entry(a, 'f', '{"x"')], [entry({ index: 1 }, undefined, ':1}')]],
      ['a f({"x":1})'],
    ],
    [
      'an unseen index with a known id and no name drifts',
      [[entry(a, 'f', '{"x"')], [entry({ index: 1, id: 'a' }, undefined, ':1}')]],
      ['a f({"x":1})'],
    ],
    [
      'one id at two indexes is two calls when each has a name',
      [[entry(a, 'f', '{}')], [entry({ ...a, index: 1 }, 'g', '{}')]],
      ['a f({})', 'a g({})'],
    ],
    [
      '"{}" is a placeholder when "{" follows',
      [[entry(a, 'f', '{}')], [entry({ index: 0 }, undefined, '{"x":1}')]],
      ['a f({"x":1})'],
    ],
    ['"{}" is the arguments when nothing follows', [[entry(a, 'f', '{}')]], ['a f({})']],
    [
      '"{}" stays when something else follows',
      [[entry(a, 'f', '{}')], [entry({ index: 0 }, undefined, '\n')]],
      ['a f({}\n)'],
    ],
    ['"{}" twice is "{}"', [[entry(a, 'f', '{}')], [entry({ index: 0 }, undefined, '{}')]], ['a f({})']],
    [
      'a repeated name after a placeholder goes on with a call that has an id',
      [[entry(a, 'f', '{}')], [entry({ index: 0 }, 'f', '{"x":1}')]],
      ['a f({"x":1})'],
    ],
    ['a name that grows replaces', [[entry(a, 'get', '')], [entry(a, 'get_f', '')]], ['a get_f()']],
    [
      'a name in pieces appends before the arguments',
      [[entry(a, 'get', '')], [entry({ index: 0 }, '_f', '')]],
      ['a get_f()'],
    ],
    [
      'another name after the arguments began is ignored',
      [[entry(a, 'f', '{')], [entry({ index: 0 }, 'g', '}')]],
      ['a f({})'],
    ],
    [
      'complete arguments that come again are an echo',
      [[entry(a, 'f', '{"x":1}')], [entry(a, 'f', '{"x":1}')]],
      ['a f({"x":1})'],
    ],
    [
      'two named entries of one delta without index are two calls',
      [[entry({}, 'f', ''), entry({}, 'f', '')]],
      [' f()', ' f()'],
    ],
    [
      'an entry without index and identity goes on with the latest',
      [[entry(a, 'f', '{')], [entry({}, undefined, '}')]],
      ['a f({})'],
    ],
    [
      'an entry without index goes on with the call of its id',
      [[entry(a, 'f', '{'), entry({ index: 1, id: 'b' }, 'g', '{')], [entry({ id: 'a' }, undefined, '}')]],
      ['a f({})', 'b g({)'],
    ],
    [
      'a new id without index and name after complete arguments opens a call',
      [[entry({ id: 'a' }, 'f', '{}')], [{ id: 'b' }]],
      ['a f({})', 'b ()'],
    ],
  ])('%s', (_, deltas, calls) => {
    expect(resolve(...deltas).calls).toEqual(calls)
  })
})

describe('an entry', () => {
  it.each<[string, Obj[][], string[]]>([
    ['without anything opens nothing', [[{ index: 0 }], [{ index: 0, function: { name: '', arguments: '' } }]], []],
    [
      'of nulls opens nothing',
      [[{ index: 0, id: null, type: null, function: { name: null, arguments: null }, extra: null }]],
      [],
    ],
    ['with arguments alone opens a call without a name', [[entry({ index: 0 }, undefined, '{}')]], [' ({})']],
    ['with a number for an id has it as text', [[entry({ index: 0, id: 7 }, 'f', '')]], ['7 f()']],
    ['with arguments that are a value has them as text', [[entry(a, 'f', { x: [1] })]], ['a f({"x":[1]})']],
    [
      'of both kinds is of the kind of its type',
      [[{ ...a, type: 'custom', function: {}, custom: { name: 'c', input: 'x' } }]],
      ['a c(x)'],
    ],
    ['of both kinds without a type is a function', [[{ index: 0, ...entry({}, 'f', '{}'), custom: {} }]], [' f({})']],
  ])('%s', (_, deltas, calls) => {
    expect(resolve(...deltas).calls).toEqual(calls)
  })

  it('that is no object is left out, which is reported', () => {
    const { calls, repairs } = resolve([null, 'x', 7, ['x'], entry(a, 'f', '{}')] as Obj[])
    expect(calls).toEqual(['a f({})'])
    expect(repairs).toEqual(['tool-call-unusable', 'tool-call-unusable', 'tool-call-unusable'])
  })

  it('keeps what a provider adds, at the level where it came', () => {
    const calls = createToolCalls(1, () => {})
    const [first] = calls.normalize([{ ...entry(a, 'f', ''), extra_content: { x: 1 } }], false)
    expect(first).toEqual({ ...a, function: { name: 'f', arguments: '' }, extra_content: { x: 1 } })
    const [second] = calls.normalize([{ extra_content: { y: 2 }, function: { parameters: 3 } }], false)
    expect(second).toEqual({ index: 0, extra_content: { y: 2 }, function: { parameters: 3 } })
  })
})

describe('an index', () => {
  it.each([null, undefined, '0', -1, 1.5, Number.NaN, 2 ** 53, {}, [0], true])('%s counts as absent', (index) => {
    expect(resolve([entry({ index, id: 'a' }, 'f', '{}')], [entry({ index, id: 'b' }, 'g', '{}')]).calls).toEqual([
      'a f({})',
      'b g({})',
    ])
  })

  it('of a billion is a key and an order', () => {
    expect(resolve([entry({ index: 1e9, id: 'b' }, 'g', '')], [entry({ index: 5, id: 'a' }, 'f', '')]).calls).toEqual([
      'a f()',
      'b g()',
    ])
  })

  it('is never shared, not even behind the largest integer', () => {
    const last = { index: Number.MAX_SAFE_INTEGER, id: 'z' }
    const { calls } = resolve(
      [entry(last, 'h', '{}')],
      [entry({ id: 'a' }, 'f', '{}')],
      [entry({ id: 'b' }, 'g', '{}')],
    )
    expect(calls).toEqual(['a f({})', 'b g({})', 'z h({})'])
  })
})

describe('the limit', () => {
  it('ends a stream of calls without end', () => {
    const calls = createToolCalls(2, () => {})
    calls.normalize([entry(a, 'f', ''), entry({ index: 1, id: 'b' }, 'g', '')], false)
    expect(() => calls.normalize([entry({ index: 2, id: 'c' }, 'h', '')], false)).toThrow(
      expect.objectContaining({ code: 'limit_exceeded', details: { option: 'maxToolCalls', limit: 2 } }),
    )
  })

  it('is reached by calls, not by fragments', () => {
    const calls = createToolCalls(1, () => {})
    calls.normalize([entry(a, 'f', '')], false)
    const fragments = Array.from({ length: 1_000 }, () => entry({ index: 0 }, undefined, 'x'))
    expect(calls.normalize(fragments, false)).toHaveLength(1_000)
  })
})

/** Sequences of deltas in which everything that decides is absent, empty, repeated or changed. */
const field = (name: string, ...values: unknown[]) =>
  fc.constantFrom(undefined, ...values).map((value) => (value === undefined ? {} : { [name]: value }))
const pieces = ['', '{', '}', '{}', '{"a":1}', ' ', '"x"']
const part = fc.oneof(
  fc.constantFrom<Obj>({}, { function: null }, { extra_content: { g: 1 } }, { extra_content: null }),
  fc
    .tuple(field('name', null, '', 'f', 'fg', 'h'), field('arguments', null, ...pieces))
    .map((fields) => ({ function: merged(fields) })),
  fc.tuple(field('name', 'f', 'g'), field('input', '', 'x', '{}')).map((fields) => ({ custom: merged(fields) })),
)
const fragment = fc
  .tuple(field('index', null, 0, 1, 2, '0'), field('id', null, '', 'a', 'b'), field('type', 'function', null, ''), part)
  .map((fields) => merged(fields))
const delta = fc.tuple(fc.array(fragment, { maxLength: 3 }), fc.constantFrom(null, null, null, null, 'stop'))
const deltas = fc.array(
  delta.map(([tool_calls, finishReason]) => rawChunk({ tool_calls }, finishReason)),
  { minLength: 1, maxLength: 6 },
)

function merged(fields: readonly object[]): Obj {
  return Object.assign({}, ...fields) as Obj
}

describe('whatever fragments come in whatever order', () => {
  it('normalizing them again changes nothing, the end included', () => {
    fc.assert(
      fc.property(deltas, (raw) => {
        const once = normalized(raw)
        expect(normalized(overTheWire(once))).toEqual(once)
      }),
      { numRuns: 2_000 },
    )
  })

  it('no text of arguments is lost or invented but by a placeholder or an echo', () => {
    fc.assert(
      fc.property(deltas, (raw) => {
        const repairs: RepairName[] = []
        const sum = sumOf(normalized(raw, { onRepair: (repair) => repairs.push(repair) }))
        const sent = textsIn(raw)
        const kept = textsIn([sum])
        if (repairs.includes('tool-arguments-placeholder') || repairs.includes('tool-arguments-echo')) {
          expect(kept.length).toBeLessThan(sent.length)
        } else {
          expect(kept).toBe(sent)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('every call has an index of its own, and only its first fragment has id and type', () => {
    fc.assert(
      fc.property(deltas, (raw) => {
        const seen = new Map<number, Set<string>>()
        for (const { choices } of normalized(raw)) {
          for (const call of choices[0]?.delta.tool_calls ?? []) {
            expect(Number.isSafeInteger(call.index)).toBe(true)
            const known = seen.get(call.index) ?? new Set()
            seen.set(call.index, known)
            for (const key of ['id', 'type']) {
              if (!(key in call)) continue
              expect(known.has(key)).toBe(false)
              known.add(key)
            }
          }
        }
      }),
    )
  })
})

/** The characters of all arguments and inputs, sorted: what goes where is another question. */
function textsIn(chunks: readonly object[]): string {
  const characters: string[] = []
  for (const { choices } of chunks as { choices: { delta: { tool_calls?: Obj[] } }[] }[]) {
    for (const call of choices[0]?.delta.tool_calls ?? []) {
      const { function: fn, custom } = call as { function?: { arguments?: string } | null; custom?: { input?: string } }
      characters.push(...(fn?.arguments ?? ''), ...(custom?.input ?? ''))
    }
  }
  return characters.toSorted().join('')
}
