import { textOf, type JsonSchema } from '@deltawire/core'
import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Answered } from './create-printer.ts'
import { extractBlock } from './extract.ts'
import { validateJson } from './validate-json.ts'

/** The value that was asked for, or why the answer is not what was asked for. */
export function checkAnswer(
  { completion, error }: Pick<Answered, 'completion' | 'error'>,
  schema: JsonSchema | undefined,
  extract: number | string | undefined,
): { failure?: CliError; value?: unknown } {
  if (completion === null || error !== null) return {}
  const text = textOf(completion)
  if (extract !== undefined) {
    if (extractBlock(text, extract) !== undefined) return {}
    const block = typeof extract === 'number' ? 'such block of code' : `block of ${extract}`
    return { failure: unacceptable(`there is no ${block} in the answer`) }
  }
  if (schema === undefined) return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (reason) {
    return { failure: unacceptable(`the answer is not JSON: ${reason instanceof Error ? reason.message : ''}`) }
  }
  const problems = validateJson(value, schema)
  if (problems.length === 0) return { value }
  const said = problems.slice(0, 5).join('; ')
  return { failure: unacceptable(`the answer does not follow the schema: ${said}`), value }
}

/** The answer came, and is none. */
export const unacceptable = (message: string): CliError => new CliError(exitCode.unacceptable, message)
