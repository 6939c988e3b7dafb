import { reasoningOf, textOf, toolCallsOf, type ChatCompletionChoice } from '@deltawire/core'
import { fail, pass, skip, warn, type Probe, type Prober, type Result } from './check.ts'

export function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
}

/** "The endpoint refused" is not "the model chose otherwise". */
export function refused({ status, json }: Pick<Probe, 'json' | 'status'>, outcome: 'fail' | 'warn' = 'warn'): Result {
  const { error } = (json ?? {}) as { error?: { message?: unknown } }
  const message = typeof error?.message === 'string' ? `: ${error.message.slice(0, 120)}` : ''
  return { outcome, message: `the endpoint refused with ${status}${message}` }
}

export function errorShape({ status, json }: Probe): Result {
  const { error } = (json ?? {}) as { error?: { message?: unknown } }
  return typeof error?.message === 'string'
    ? pass(`${status}, with {"error":{"message":…}}`)
    : warn(`${status}, but the body is not {"error":{"message":…}}`)
}

export async function oneChoice(
  { ask }: Prober,
  body: Readonly<Record<string, unknown>>,
  judge: (choice: ChatCompletionChoice) => Result,
): Promise<Result> {
  const probe = await ask(body)
  if (probe.status !== 200) return refused(probe)
  const [choice] = probe.completion?.choices ?? []
  return choice === undefined ? fail(probe.error?.message ?? 'there is no answer') : judge(choice)
}

export function toolResult(choice: ChatCompletionChoice, wanted: number): Result {
  const calls = toolCallsOf(choice)
  if (calls.length === 0) return skip('the model chose to answer without')
  if (calls.some(({ arguments: value }) => value === undefined)) return fail('the arguments are no JSON')
  if (calls.length < wanted) return skip(`the model chose ${calls.length}`)
  return choice.finish_reason === 'tool_calls'
    ? pass(`${calls.length}, with arguments`)
    : warn(`${calls.length}, but the finish reason is ${choice.finish_reason}`)
}

/** Which fields the first choice has, and how it ended. */
export function shapeOf(choice: ChatCompletionChoice | undefined): string | undefined {
  if (choice === undefined) return undefined
  const fields = [
    textOf(choice) !== '' && 'text',
    reasoningOf(choice) !== '' && 'thoughts',
    toolCallsOf(choice).length > 0 && 'tool calls',
  ]
  return `${fields.filter((field) => field !== false).join(' and ') || 'nothing'} and ends with ${choice.finish_reason}`
}
