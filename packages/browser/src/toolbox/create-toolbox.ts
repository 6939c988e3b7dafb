import { createJsonReader, type FunctionTool, type JsonReader } from '@deltawire/core'
import type { ChatError } from '../chat/chat-error.ts'
import type { Message, ToolCallPart } from '../chat/message.ts'
import type { Issue, Toolbox, ToolCallReader, ToolCalls, ToolHost, ToolType } from '../chat/tool.ts'
import type { Tool } from './define-tool.ts'

/** How far tools may keep a model going. */
export interface ToolboxOptions {
  /**
   * How often in a row the model is asked on with results before the user says something.
   *
   * @defaultValue `8`: a model that turns in circles is expensive
   */
  maxRounds?: number | undefined
}

/**
 * Tools that run in the page.
 *
 * ```ts
 * const weather = defineTool({ parameters: z.object({ city: z.string() }), run: ({ city }) => fetchWeather(city) })
 * const chat = createChat({ transport, tools: createToolbox({ weather }) })
 * ```
 *
 * Arguments can be shown while they arrive. A finished call is validated, approved where it has to be, and run; its result,
 * or what went wrong, is told to the model.
 */
export function createToolbox<const T extends Readonly<Record<string, Tool & ToolType>>>(
  tools: T,
  { maxRounds = 8 }: ToolboxOptions = {},
): Toolbox<T> {
  return {
    tools,
    definitions: Object.entries(tools).map(([name, tool]) => definitionOf(name, tool)),
    connect: (host) => connect(tools, host, maxRounds),
  }
}

function definitionOf(name: string, { description, parameters, jsonSchema }: Tool): FunctionTool {
  const { jsonSchema: converter } = parameters['~standard']
  const schema = jsonSchema ?? converter?.input({ target: 'draft-2020-12' })
  if (schema === undefined)
    throw new TypeError(`${name}: this schema makes no JSON Schema; defineTool({ parameters, jsonSchema })`)
  return { type: 'function', function: { name, parameters: schema, ...(description && { description }) } }
}

function connect(tools: Readonly<Record<string, Tool>>, host: ToolHost, maxRounds: number): ToolCalls {
  let controller = new AbortController()

  const find = (id: string): { message: Message; part: ToolCallPart } | undefined => {
    for (const message of host.messages().toReversed())
      for (const part of message.parts) if (part.type === 'tool-call' && part.id === id) return { message, part }
    return undefined
  }

  function put(id: string, state: object): void {
    const found = find(id)
    if (found === undefined) return
    const { message, part } = found
    // A state brings all that belongs to it.
    const next = { ...part, ...state } as ToolCallPart
    const changed = { ...message, parts: message.parts.map((other) => (other === part ? next : other)) }
    host.setMessages(host.messages().map((other) => (other === message ? changed : other)))
    if ('output' in next) proceed(message.id)
  }

  /** Asks on when every call of the answer has an output, unless the user has said something since. */
  function proceed(messageId: string): void {
    const messages = host.messages()
    const last = messages.at(-1)
    const isSettled = last?.parts.every((part) => part.type !== 'tool-call' || 'output' in part)
    if (last?.id !== messageId || isSettled !== true || controller.signal.aborted) return
    const rounds = messages.length - 1 - messages.findLastIndex(({ role }) => role === 'user')
    if (rounds <= maxRounds) host.proceed()
    else host.rest()
  }

  const toolOf = (name: string): Tool | undefined => (Object.hasOwn(tools, name) ? tools[name] : undefined)

  async function take({ id, name, argsText }: ToolCallPart): Promise<void> {
    const tool = toolOf(name)
    if (tool === undefined) return missing(id, name)
    let args: unknown
    try {
      // That is how several providers send a call without arguments.
      args = JSON.parse(argsText.trim() || '{}')
    } catch (error) {
      return invalid(id, argsText, [{ message: String(error) }])
    }
    const { signal } = controller
    const validated = await tool.parameters['~standard'].validate(args)
    if (signal.aborted) return undefined
    if (validated.issues !== undefined) return invalid(id, args, validated.issues)
    const { value } = validated
    if (tool.needsApproval?.(value) === true) return put(id, { state: 'approval', args: value })
    return run(id, tool, value)
  }

  const missing = (id: string, name: string): void => invalid(id, undefined, [{ message: `there is no tool ${name}` }])

  function invalid(id: string, args: unknown, issues: readonly Issue[]): void {
    const output = `error: the arguments are not valid: ${issues.map(sentenceOf).join('; ')}`
    put(id, { state: 'invalid', args, issues, output })
  }

  async function run(id: string, tool: Tool, args: unknown): Promise<void> {
    if (tool.run === undefined) return put(id, { state: 'ready', args })
    put(id, { state: 'running', args })
    const { signal } = controller
    const result = await tool.run(args, { toolCallId: id, signal })
    if (!signal.aborted) done(id, result)
    return undefined
  }

  /** For whatever the page's code throws: a call without an end would hold up the chat. */
  function failing(id: string): (reason: unknown) => void {
    const { signal } = controller
    return (reason) => {
      if (!signal.aborted) fail(id, 'failed', reason instanceof Error ? reason.message : String(reason))
    }
  }

  const done = (id: string, result: unknown): void =>
    put(id, { state: 'done', result, output: typeof result === 'string' ? result : (JSON.stringify(result) ?? '') })

  function fail(id: string, state: 'denied' | 'failed', message: string): void {
    const error: ChatError = { code: 'tool_failed', message, isRetryable: false, isPartial: false }
    put(id, { state, error, output: `error: ${message}` })
  }

  /** After an end something begins again. */
  function begin(): void {
    if (controller.signal.aborted) controller = new AbortController()
  }

  function waitingFor(what: string, id: string, ...states: readonly ToolCallPart['state'][]): ToolCallPart {
    const part = find(id)?.part
    if (part === undefined || !states.includes(part.state))
      throw new TypeError(`no call ${id} waits for ${what}, it is ${part?.state ?? 'unknown'}`)
    begin()
    return part
  }

  return {
    createReader,
    settle({ parts }) {
      begin()
      for (const part of parts)
        if (part.type === 'tool-call' && part.state === 'ready') take(part).catch(failing(part.id))
    },
    addResult(id, result) {
      waitingFor('a result', id, 'ready', 'running')
      done(id, result)
    },
    approve(id, isApproved, reason = 'not approved') {
      const { name, args } = waitingFor('approval', id, 'approval')
      const tool = toolOf(name)
      if (!isApproved) fail(id, 'denied', reason)
      else if (tool === undefined) missing(id, name)
      else run(id, tool, args).catch(failing(id))
    },
    abort: () => controller.abort(),
  }
}

/** Reads arguments while they arrive. Each piece costs its own length. */
function createReader(): ToolCallReader {
  let readers = new Map<number, JsonReader>()
  return {
    push(calls) {
      for (const { index, function: fn } of calls) {
        let reader = readers.get(index)
        if (reader === undefined) readers.set(index, (reader = createJsonReader()))
        reader.push(fn?.arguments ?? '')
      }
    },
    argsOf: (index) => readers.get(index)?.snapshot(),
    reset: () => (readers = new Map()),
  }
}

const sentenceOf = ({ message, path = [] }: Issue): string =>
  [...path.map((part) => String(typeof part === 'object' ? part.key : part)), message].join(': ')
