import type { FunctionTool, JsonSchema, ParsedToolCall } from '@deltawire/core'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { CliError } from '../cli-error.ts'
import { Interrupted, type Io } from '../io.ts'
import { visibleLine } from '../render/visible.ts'

/** A program of the user's that a model may call. */
export interface Tool {
  readonly command: string
  readonly definition: FunctionTool['function']
}

/** A tool is asked itself what it is: it prints `{ name, description, parameters }` with `--schema`. */
export async function readTools(commands: readonly string[], io: Io): Promise<Tool[]> {
  const tools: Tool[] = []
  for (const command of commands) {
    const text = await runTool([command, '--schema'], '', io)
    tools.push({ command, definition: definitionOf(command, text) })
  }
  return tools
}

function definitionOf(command: string, text: string): FunctionTool['function'] {
  let said: unknown
  try {
    said = JSON.parse(text)
  } catch {
    throw usageError(
      `the tool ${quote(command)} prints no JSON with --schema`,
      'it has to print {"name", "description", "parameters"}',
    )
  }
  const { name, description, parameters } = (said ?? {}) as {
    name?: unknown
    description?: unknown
    parameters?: unknown
  }
  if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name))
    throw usageError(`the tool ${quote(command)} has no name of letters, digits, _ and -`)
  return {
    name,
    ...(typeof description === 'string' && { description }),
    ...(typeof parameters === 'object' && parameters !== null && { parameters: parameters as JsonSchema }),
  }
}

/** Longer results are cut: a model is paid for by what it reads. */
const maxResultLength = 100_000
const toolTimeoutMs = 120_000

/** Runs a call, and gives what the model is told: failures too, it may do better with the next one. */
export async function callTool(tools: readonly Tool[], call: ParsedToolCall, io: Io): Promise<string> {
  const tool = tools.find(({ definition }) => definition.name === call.name)
  if (tool === undefined)
    return `error: there is no tool ${call.name}, only ${tools.map(({ definition }) => definition.name).join(', ')}`
  if (!call.valid) return 'error: the arguments are not JSON'
  try {
    const result = await runTool([tool.command], call.text, io)
    return result.length > maxResultLength
      ? `${result.slice(0, maxResultLength)}\n[cut: ${result.length} characters]`
      : result
  } catch (error) {
    if (error instanceof Interrupted) throw error
    return `error: ${error instanceof Error ? error.message : String(error)}`
  }
}

async function runTool([command = '', ...argv]: readonly string[], input: string, io: Io): Promise<string> {
  const { runForText } = await import('../keys/run-for-text.ts')
  // A line for the shell when it has spaces: --tool "node tools/weather.mjs".
  const line =
    command.includes(' ') && process.platform !== 'win32'
      ? ['/bin/sh', '-c', `${command} "$@"`, 'tool', ...argv]
      : [command, ...argv]
  try {
    return await runForText(line, { env: io.env, signal: io.signal, input, timeoutMs: toolTimeoutMs })
  } catch (error) {
    if (io.signal.aborted) throw io.signal.reason as Error
    throw error instanceof CliError ? new CliError(2, error.message) : error
  }
}

/** Whether the user wants a call. @param ask reads an answer from the terminal; absent where there is none */
export async function approves(
  call: ParsedToolCall,
  ask: ((question: string) => Promise<string>) | undefined,
): Promise<boolean> {
  if (ask === undefined) return false
  const answer = await ask(`run ${visibleLine(`${call.name}(${call.text})`)} ? [y/N] `)
  return /^y(?:es)?$/i.test(answer.trim())
}
