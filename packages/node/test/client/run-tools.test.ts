import { type ChatCompletionRequest, textOf } from '@deltawire/core'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { z } from 'zod'
import { type Approval, defineTool, runTools, type RunToolsOptions, type ToolEvent } from '../../src/index.ts'
import { collect, done, event, eventsOf, question } from './byte-server.ts'
import { createManualTime, until } from './manual-time.ts'

/** The events of an answer that calls tools; the arguments come in two pieces. */
function calling(...calls: readonly [name: string, text: string, id?: string][]): string[] {
  const deltas = calls.flatMap(([name, text, id = `id_${name}`], index) => {
    const half = Math.floor(text.length / 2)
    return [
      { tool_calls: [{ index, id, type: 'function', function: { name, arguments: text.slice(0, half) } }] },
      { tool_calls: [{ index, function: { arguments: text.slice(half) } }] },
    ]
  })
  return [
    ...deltas.map((delta) => event(delta)),
    event({}, 'tool_calls'),
    event({}, null, { choices: [], usage }),
    done,
  ]
}

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }

/** Runs tools for a model that gives these answers one after the other. */
function running(
  answers: readonly (readonly string[])[],
  options: RunToolsOptions,
  request: Partial<ChatCompletionRequest> = {},
) {
  const bodies: ChatCompletionRequest[] = []
  const fetch = async (_url: unknown, init?: RequestInit) => {
    bodies.push(JSON.parse(init?.body as string) as ChatCompletionRequest)
    return new Response((answers[bodies.length - 1] ?? answers.at(-1))?.join(''))
  }
  const run = runTools({ ...question, ...request }, { baseURL: 'http://chat.invalid', fetch, ...options })
  return { run, bodies }
}

const weather = defineTool({
  description: 'The weather of a city',
  parameters: z.object({ city: z.string() }),
  run: ({ city }) => ({ city, celsius: 20 }),
})
const time = defineTool({ parameters: type({ zone: 'string' }), run: async ({ zone }) => `noon in ${zone}` })
const add = defineTool({
  parameters: v.object({ a: v.number(), b: v.number() }),
  jsonSchema: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] },
  run: ({ a, b }) => a + b,
})

const throws = (thrown: unknown) => () => {
  throw thrown
}

const told = ({ messages }: { messages: readonly { role: string; content?: unknown }[] } | ChatCompletionRequest) =>
  messages.filter(({ role }) => role === 'tool').map(({ content }) => content)

describe('runTools', () => {
  it('runs what the model calls, tells it the results, and gives its answer', async () => {
    const answers = [
      calling(['weather', '{"city":"Oslo"}'], ['time', '{"zone":"CET"}'], ['add', '{"a":1,"b":2}']),
      eventsOf('20 degrees'),
    ]
    const { run, bodies } = running(answers, { tools: { weather, time, add } })
    const result = await run.result()
    expect(result).toMatchObject({ stopped: 'answer', steps: 2, error: null, usage })
    expect(textOf(result.completion ?? undefined)).toBe('20 degrees')
    expect(bodies[1]?.messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ id: 'id_weather' }, { id: 'id_time' }, { id: 'id_add' }] },
      { role: 'tool', tool_call_id: 'id_weather', content: '{"city":"Oslo","celsius":20}' },
      { role: 'tool', tool_call_id: 'id_time', content: 'noon in CET' },
      { role: 'tool', tool_call_id: 'id_add', content: '3' },
    ])
    expect(result.messages).toHaveLength(6)
    expect(result.messages.at(-1)).toMatchObject({ role: 'assistant', content: '20 degrees' })
  })

  it('tells the model of the tools, beside those of the request', async () => {
    const own = { type: 'browser_search' }
    const { run, bodies } = running([eventsOf('Hi')], { tools: { weather, time } }, { tools: [own] })
    await run.result()
    expect(bodies[0]?.tools).toMatchObject([
      own,
      {
        type: 'function',
        function: {
          name: 'weather',
          description: 'The weather of a city',
          strict: true,
          parameters: { type: 'object', required: ['city'] },
        },
      },
      { type: 'function', function: { name: 'time' } },
    ])
  })

  it('gives tools the types of their parameters', () => {
    const typed = defineTool({
      parameters: z.object({ at: z.string().transform(Number) }),
      jsonSchema: {},
      run(input) {
        expectTypeOf(input).toEqualTypeOf<{ at: number }>()
      },
    })
    expect(runTools(question, { tools: { typed } })).toBeDefined()
  })

  it('shows everything that happens', async () => {
    const { run } = running([calling(['weather', '{"city":"Oslo"}']), eventsOf('20', ' degrees')], {
      tools: { weather },
    })
    const events = await collect(run)
    const names = events
      .filter(({ type: name }) => name !== 'chunk')
      .map((one) => ('step' in one ? `${one.step} ${one.type}` : one.type))
    expect(names).toEqual(['1 step_start', '1 answer', '1 call_start', '1 call_end', '2 step_start', '2 answer', 'end'])
    expect(events.filter(({ type: name }) => name === 'chunk').length).toBeGreaterThan(5)
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'call_end',
        outcome: { kind: 'ok', value: { city: 'Oslo', celsius: 20 }, content: '{"city":"Oslo","celsius":20}' },
      }),
    )
    expect(await run.result()).toMatchObject({ stopped: 'answer' })
  })

  it('runs the calls of one answer at the same time, as many as are allowed', async () => {
    for (const [maxParallelCalls, most] of [
      [undefined, 4],
      [2, 2],
    ] as const) {
      let now = 0
      let seen = 0
      const slow = defineTool({
        parameters: type({}),
        async run() {
          seen = Math.max(seen, (now += 1))
          await new Promise((resolve) => setImmediate(resolve))
          now -= 1
        },
      })
      const call = ['slow', '{}'] as [string, string]
      await running([calling(call, call, call, call), eventsOf('ok')], {
        tools: { slow },
        maxParallelCalls,
      }).run.result()
      expect(seen).toBe(most)
    }
  })

  it.for([
    [
      'a name that does not exist',
      ['wether', '{}'],
      /^error: there is no function wether, only weather, fails$/,
      'unknown',
    ],
    ['a name of every object', ['toString', '{}'], /^error: there is no function toString/, 'unknown'],
    ['arguments that are no JSON', ['weather', '{"city":'], /^error: the arguments are not JSON$/, 'invalid'],
    [
      'arguments that are not valid',
      ['weather', '{"city":1}'],
      /^error: the arguments are not valid: city: /,
      'invalid',
    ],
    ['a tool that throws', ['fails', '{}'], /^error: no luck$/, 'failed'],
  ] as const)('tells the model of %s, and goes on', async ([, call, content, kind]) => {
    const fails = defineTool({
      parameters: type({}),
      run() {
        throw new Error('no luck')
      },
    })
    const { run, bodies } = running([calling([...call]), eventsOf('Sorry')], { tools: { weather, fails } })
    const events = await collect(run)
    expect(told(bodies[1] ?? question)).toEqual([expect.stringMatching(content)])
    expect(events.find((one) => one.type === 'call_end')).toMatchObject({ outcome: { kind } })
    expect(events.at(-1)).toMatchObject({ result: { stopped: 'answer' } })
  })

  it('names calls that have no id', async () => {
    const { run, bodies } = running(
      [calling(['time', '{"zone":"A"}', ''], ['time', '{"zone":"B"}', '']), eventsOf('ok')],
      { tools: { time } },
    )
    await run.result()
    const [, assistant, ...tools] = bodies[1]?.messages ?? []
    const ids = (assistant as { tool_calls: { id: string }[] }).tool_calls.map(({ id }) => id)
    expect(ids).toEqual(['call_1_0', 'call_1_1'])
    expect(tools.map((message) => (message as { tool_call_id: string }).tool_call_id)).toEqual(ids)
  })

  it('stops after so many steps, without running the last calls', async () => {
    const ran = vi.fn(() => 'again')
    const again = defineTool({ parameters: type({}), run: ran })
    const { run, bodies } = running([calling(['again', '{}'])], { tools: { again }, maxSteps: 3 })
    const result = await run.result()
    expect(result).toMatchObject({ stopped: 'step_limit', steps: 3, error: null, usage: { total_tokens: 45 } })
    expect(bodies).toHaveLength(3)
    expect(ran).toHaveBeenCalledTimes(2)
    // It can be asked on with.
    expect(result.messages.at(-1)).toMatchObject({ role: 'tool' })
  })

  it('ends a call that takes too long, and tells the model', async () => {
    let reason: unknown
    const slow = defineTool({
      parameters: type({}),
      timeoutMs: 2000,
      run: (_input, { signal }) => new Promise(() => signal.addEventListener('abort', () => (reason = signal.reason))),
    })
    const clock = createManualTime()
    const { run, bodies } = running([calling(['slow', '{}']), eventsOf('ok')], { tools: { slow }, time: clock })
    const result = run.result()
    await until(() => clock.started.includes(2000))
    clock.advance(2000)
    expect(await result).toMatchObject({ stopped: 'answer' })
    expect(told(bodies[1] ?? question)).toEqual(['error: the call took longer than 2000 ms'])
    expect(reason).toMatchObject({ name: 'TimeoutError' })
  })

  it('asks before it runs what needs approval', async () => {
    const ran = vi.fn(() => 'deleted')
    const erase = defineTool({
      parameters: type({ path: 'string' }),
      needsApproval: ({ path }) => path !== '/tmp',
      run: ran,
    })
    const asked: unknown[] = []
    const decide = async (approval: Approval, path: string) => {
      const approve: RunToolsOptions['approve'] = async (input, { call }) => {
        asked.push([input, call.name])
        return approval
      }
      const { run, bodies } = running([calling(['erase', JSON.stringify({ path })]), eventsOf('ok')], {
        tools: { erase },
        approve,
      })
      await run.result()
      return told(bodies[1] ?? question)
    }
    expect(await decide(true, '/home')).toEqual(['deleted'])
    expect(await decide(false, '/home')).toEqual(['error: this call was not approved'])
    expect(await decide({ denied: 'not yours' }, '/home')).toEqual(['error: this call was not approved: not yours'])
    expect(ran).toHaveBeenCalledOnce()
    expect(await decide(false, '/tmp')).toEqual(['deleted'])
    expect(asked).toHaveLength(3)
    expect(() => runTools(question, { tools: { erase } })).toThrow(/^the tool erase needs approval: runTools\(/)
  })

  it('ends with the error and what arrived when a stream breaks', async () => {
    const { run } = running([calling(['weather', '{"city":"Oslo"}']), [event({ content: '20' })]], {
      tools: { weather },
    })
    const result = await run.result()
    expect(result).toMatchObject({
      stopped: 'error',
      steps: 2,
      error: { code: 'incomplete_stream' },
      completion: { choices: [{ message: { content: '20' } }] },
    })
    expect(result.messages).toHaveLength(3)
  })

  it.for(['signal', 'abort'] as const)('ends with the reason of an abort (%s), as do the calls', async (way) => {
    const controller = new AbortController()
    let seen: unknown
    const slow = defineTool({
      parameters: type({}),
      run: (_input, { signal }) => new Promise(() => signal.addEventListener('abort', () => (seen = signal.reason))),
    })
    const { run } = running([calling(['slow', '{}'])], { tools: { slow }, signal: controller.signal })
    const reason = new Error('enough')
    for await (const one of run)
      if (one.type === 'call_start') setImmediate(() => (way === 'signal' ? controller : run).abort(reason))
    expect(await run.result()).toMatchObject({ stopped: 'error', error: reason })
    expect(seen).toBe(reason)
  })

  it('ends when its loop is left', async () => {
    let aborted = false
    const slow = defineTool({
      parameters: type({}),
      run: (_input, { signal }) => new Promise(() => signal.addEventListener('abort', () => (aborted = true))),
    })
    const { run, bodies } = running([calling(['slow', '{}'], ['slow', '{}'])], { tools: { slow } })
    let calls = 0
    for await (const one of run) if (one.type === 'call_start' && ++calls === 2) break
    expect(aborted).toBe(true)
    expect(await run.result()).toMatchObject({ stopped: 'error', error: { name: 'AbortError' } })
    expect(bodies).toHaveLength(1)
  })

  it('ends at an abort while arguments are validated', async () => {
    const waits = { '~standard': { version: 1 as const, vendor: 'test', validate: () => new Promise<never>(() => {}) } }
    const slow = defineTool({ parameters: waits, jsonSchema: { type: 'object' }, run: () => 'never' })
    const { run } = running([calling(['slow', '{}'])], { tools: { slow } })
    const reason = new Error('enough')
    for await (const one of run) if (one.type === 'call_start') setImmediate(() => run.abort(reason))
    expect(await run.result()).toMatchObject({ stopped: 'error', error: reason })
  })

  it('that is left before its first event has a result', async () => {
    const { run, bodies } = running([calling(['weather', '{"city":"Oslo"}'])], { tools: { weather } })
    await run[Symbol.asyncIterator]().return()
    expect(await run.result()).toMatchObject({ stopped: 'error', steps: 0, error: { name: 'AbortError' } })
    expect(bodies).toHaveLength(0)
  })

  it.for([
    [{ message: 'no such city', status: 404 }, 'no such city'],
    ['no such city', 'no such city'],
    [{ status: 404 }, '{ status: 404 }'],
    [Object.create(null), '[Object: null prototype] {}'],
    [undefined, 'undefined'],
  ] as const)('tells the model what a tool throws that is no Error: %j', async ([thrown, words]) => {
    const fails = defineTool({ parameters: type({}), run: throws(thrown) })
    const { run, bodies } = running([calling(['fails', '{}']), eventsOf('ok')], { tools: { fails } })
    expect(await run.result()).toMatchObject({ stopped: 'answer' })
    expect(told(bodies[1] ?? question)).toEqual([`error: ${words}`])
  })

  it.for(['maxSteps', 'maxParallelCalls', 'toolTimeoutMs'] as const)('takes no %s that is no number', (option) => {
    for (const value of [0, -1, Number.NaN, '3' as unknown as number])
      expect(() => runTools(question, { tools: { weather }, [option]: value })).toThrow(
        new RegExp(`^${option} must be a number of at least 1, as in \\{ ${option}: \\d+ \\}, not ${value}$`),
      )
    expect(() => runTools(question, { tools: { weather }, [option]: Infinity })).not.toThrow()
  })

  it('takes no such timeout of a tool, and no signal that is none', () => {
    expect(() => runTools(question, { tools: { weather: { ...weather, timeoutMs: 0 } } })).toThrow(
      /^timeoutMs must be a number of at least 1/,
    )
    const signal = new AbortController() as unknown as AbortSignal
    expect(() => runTools(question, { tools: { weather }, signal })).toThrow(/^signal must be an AbortSignal/)
  })

  it('has events that tell apart by their type', () => {
    expectTypeOf<ToolEvent['type']>().toEqualTypeOf<
      'answer' | 'call_end' | 'call_start' | 'chunk' | 'end' | 'step_start'
    >()
  })
})
