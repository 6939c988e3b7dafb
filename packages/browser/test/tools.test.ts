import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { createChat, type SerializedChat, type ToolCallPart } from '../src/index.ts'
import { createManualEnvironment, createScriptedTransport } from '../src/testing.ts'
import { createToolbox, defineTool } from '../src/tools.ts'
import { settled } from './support/until.ts'

const weather = defineTool({
  description: 'The weather of a city.',
  parameters: z.object({ city: z.string(), days: z.number().optional() }),
  run: ({ city }) => ({ city, celsius: 20 }),
})

function setUp(tools: Parameters<typeof createToolbox>[0] = { weather }, options = {}) {
  const environment = createManualEnvironment()
  const transport = createScriptedTransport()
  const chat = createChat({ transport, environment, tools: createToolbox(tools, options), flush: 'sync' })
  const last = () => {
    const stream = transport.streams.at(-1)
    if (stream === undefined) throw new Error('nothing was asked')
    return stream
  }
  const call = (name: string, args: string, id = 'call_1', index = 0) =>
    last().write({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }] })
  const parts = () =>
    chat
      .getSnapshot()
      .messages.flatMap((message) => message.parts.filter((part) => part.type === 'tool-call')) as ToolCallPart[]
  return { chat, transport, last, call, parts }
}

describe('a call', () => {
  it('shows its arguments while they arrive, runs, and tells the model', async () => {
    const { chat, last, call, parts, transport } = setUp()
    void chat.sendMessage('How is Paris?')
    await settled()
    expect(last().request.tools).toEqual([
      {
        type: 'function',
        function: {
          name: 'weather',
          description: 'The weather of a city.',
          parameters: expect.objectContaining({ type: 'object', required: ['city'] }),
        },
      },
    ])
    call('weather', '{"city":"Pa')
    await settled()
    expect(parts()).toEqual([
      {
        type: 'tool-call',
        id: 'call_1',
        name: 'weather',
        argsText: '{"city":"Pa',
        state: 'streaming',
        args: { city: 'Pa' },
      },
    ])
    last().write({ tool_calls: [{ index: 0, function: { arguments: 'ris"}' } }] })
    last().end('tool_calls')
    await settled()
    expect(parts()[0]).toMatchObject({
      state: 'done',
      args: { city: 'Paris' },
      result: { city: 'Paris', celsius: 20 },
      output: '{"city":"Paris","celsius":20}',
    })
    expect(transport.streams).toHaveLength(2)
    expect(last().request.messages.slice(1)).toEqual([
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: '{"city":"Paris","celsius":20}' },
    ])
    last().write('20 degrees.')
    last().end()
    await settled()
    expect(chat.getSnapshot()).toMatchObject({
      status: 'ready',
      messages: [{}, {}, { parts: [{ text: '20 degrees.' }] }],
    })
  })

  it.each([
    ['{"city":', 'invalid', /not valid: SyntaxError/],
    ['{"city":7}', 'invalid', /not valid: city: .*string/],
    ['{"city":"Atlantis"}', 'failed', /error: under water/],
  ])('with %s is %s, and the model is told', async (args, state, output) => {
    const { chat, last, call, parts } = setUp({
      weather: defineTool({
        parameters: z.object({ city: z.string() }),
        run() {
          throw new Error('under water')
        },
      }),
    })
    void chat.sendMessage('How is it?')
    await settled()
    call('weather', args)
    last().end('tool_calls')
    await settled()
    expect(parts()[0]?.state).toBe(state)
    expect(last().request.messages.at(-1)).toMatchObject({ role: 'tool', content: expect.stringMatching(output) })
  })

  it('is told with the reasoning that led to it, which some models want then, and later not', async () => {
    const { chat, last, call } = setUp()
    void chat.sendMessage('How is Paris?')
    await settled()
    last().write({ reasoning_content: 'Let me look.' })
    call('weather', '{"city":"Paris"}')
    last().end('tool_calls')
    await settled()
    expect(last().request.messages[1]).toMatchObject({ role: 'assistant', reasoning_content: 'Let me look.' })
    last().write('Warm.')
    last().end()
    await settled()
    void chat.sendMessage('And Rome?')
    await settled()
    expect(last().request.messages).toHaveLength(5)
    expect(JSON.stringify(last().request.messages)).not.toContain('Let me look.')
  })

  it('of a tool that does not exist is answered', async () => {
    const { chat, last, call } = setUp()
    void chat.sendMessage('How is it?')
    await settled()
    call('constructor', '{}')
    last().end('tool_calls')
    await settled()
    expect(last().request.messages.at(-1)).toMatchObject({ content: expect.stringContaining('no tool constructor') })
  })

  it('that is approved when its tool has gone is answered', async () => {
    const remove = defineTool({ parameters: z.object({}), needsApproval: () => true })
    const { chat, last, call, transport } = setUp({ remove })
    void chat.sendMessage('Remove it.')
    await settled()
    call('remove', '{}')
    last().end('tool_calls')
    await settled()
    const initialState = JSON.parse(JSON.stringify(chat)) as SerializedChat
    const later = createChat({ transport, initialState, tools: createToolbox({}) })
    later.approveTool('call_1', true)
    await settled()
    expect(last().request.messages.at(-1)).toMatchObject({ content: expect.stringContaining('no tool remove') })
  })

  it('without run waits for its result, and all calls for each other', async () => {
    const where = defineTool({ parameters: z.object({}) })
    const { chat, last, call, parts, transport } = setUp({ where, weather })
    void chat.sendMessage('How is it here?')
    await settled()
    call('where', '', 'call_1', 0)
    call('weather', '{"city":"Rome"}', 'call_2', 1)
    last().end('tool_calls')
    await settled()
    expect(parts().map(({ state }) => state)).toEqual(['ready', 'done'])
    expect(transport.streams).toHaveLength(1)
    chat.addToolResult({ toolCallId: 'call_1', tool: 'where', result: 'Rome' })
    await settled()
    expect(transport.streams).toHaveLength(2)
    expect(() => chat.addToolResult({ toolCallId: 'call_1', tool: 'where', result: 'Paris' })).toThrow(TypeError)
  })

  it.each([
    [true, 'done', 'gone'],
    [false, 'denied', 'error: not today'],
  ])('that needs approval is run if it gets it (%s)', async (isApproved, state, content) => {
    const remove = defineTool({ parameters: z.object({}), needsApproval: () => true, run: () => 'gone' })
    const { chat, last, call, parts, transport } = setUp({ remove })
    void chat.sendMessage('Delete it!')
    await settled()
    call('remove', '{}')
    last().end('tool_calls')
    await settled()
    expect([parts()[0]?.state, transport.streams.length]).toEqual(['approval', 1])
    chat.approveTool('call_1', isApproved, 'not today')
    await settled()
    expect(parts()[0]?.state).toBe(state)
    expect(last().request.messages.at(-1)).toMatchObject({ role: 'tool', content })
  })

  it('in an answer that was stopped is not run', async () => {
    const { chat, last, call, transport } = setUp()
    void chat.sendMessage('How is Paris?')
    await settled()
    call('weather', '{"city":"Paris"}')
    await settled()
    await chat.stop()
    await settled()
    expect(transport.streams).toHaveLength(1)
    void chat.sendMessage('And now?')
    await settled()
    expect(last().request.messages.at(-2)).toEqual({ role: 'tool', tool_call_id: 'call_1', content: 'error: not run' })
  })

  it.each(['{"city":"Pa', ''])('that was stopped at %j does not spoil what is asked later', async (args) => {
    const { chat, last, call } = setUp()
    void chat.sendMessage('How is Paris?')
    await settled()
    call('weather', args)
    await settled()
    await chat.stop()
    void chat.sendMessage('And now?')
    await settled()
    // Many servers read the arguments, and refuse a conversation in which they are no JSON.
    expect(last().request.messages.slice(1, -1)).toEqual([
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'error: not run' },
    ])
  })

  it('that is running ends with stop', async () => {
    let signal: AbortSignal | undefined
    const slow = defineTool({
      parameters: z.object({}),
      run: (_input, context) => {
        ;({ signal } = context)
        return new Promise<string>(() => {})
      },
    })
    const { chat, last, call } = setUp({ slow })
    void chat.sendMessage('Wait!')
    await settled()
    call('slow', '{}')
    last().end('tool_calls')
    await settled()
    expect(signal?.aborted).toBe(false)
    await chat.stop()
    expect(signal?.aborted).toBe(true)
  })

  it('after call, without end, is not asked on for ever', async () => {
    const { chat, last, call, transport } = setUp({ weather }, { maxRounds: 3 })
    void chat.sendMessage('How is Paris?')
    for (let at = 0; at < 10; at++) {
      await settled()
      call('weather', '{"city":"Paris"}', `call_${at}`)
      last().end('tool_calls')
    }
    await settled()
    expect(transport.streams).toHaveLength(4)
  })

  it('survives a reload while it waits', async () => {
    const where = defineTool({ parameters: z.object({}) })
    const { chat, last, call, transport } = setUp({ where })
    void chat.sendMessage('How is it here?')
    await settled()
    call('where', '{}')
    last().end('tool_calls')
    await settled()
    const initialState = JSON.parse(JSON.stringify(chat)) as ReturnType<typeof chat.toJSON>
    const again = createChat({ transport, initialState, tools: createToolbox({ where }) })
    again.addToolResult({ toolCallId: 'call_1', tool: 'where', result: 'Rome' })
    await settled()
    expect(last().request.messages.at(-1)).toEqual({ role: 'tool', tool_call_id: 'call_1', content: 'Rome' })
  })
})

describe('types', () => {
  it('know arguments and results by the name of the tool', () => {
    const chat = createChat({ transport: createScriptedTransport(), tools: createToolbox({ weather }) })
    const read = (part: ToolCallPart<{ weather: typeof weather }>): string | undefined => {
      if (part.state === 'streaming') return part.args?.city
      // @ts-expect-error there is no such argument
      if (part.state === 'ready') return part.args.town
      return part.state === 'done' ? part.result.city : undefined
    }
    expect(read).toBeTypeOf('function')
    // @ts-expect-error there is no such tool
    expect(() => chat.addToolResult({ toolCallId: 'x', tool: 'wether', result: {} })).toThrow(TypeError)
    // @ts-expect-error the result has other fields
    expect(() => chat.addToolResult({ toolCallId: 'x', tool: 'weather', result: { city: 7 } })).toThrow(TypeError)
    expect(() => createChat({ transport: createScriptedTransport() }).approveTool('x', true)).toThrow(/createToolbox/)
  })
})

describe('a question that waits', () => {
  it('waits for the results of calls, too', async () => {
    const where = defineTool({ parameters: z.object({}) })
    const { chat, last, call, transport } = setUp({ where })
    void chat.sendMessage('How is it here?')
    await settled()
    void chat.sendMessage('And there?')
    call('where', '{}')
    last().end('tool_calls')
    await settled()
    expect(transport.streams).toHaveLength(1)
    chat.addToolResult({ toolCallId: 'call_1', tool: 'where', result: 'Rome' })
    await settled()
    expect(last().request.messages.at(-1)).toMatchObject({ role: 'tool', content: 'Rome' })
    last().write('Fine.')
    last().end()
    await settled()
    expect(last().request.messages.at(-1)).toEqual({ role: 'user', content: 'And there?' })
  })
})
