import type { StreamRequest } from '@deltawire/node'
import { quote } from '../arguments/parse-arguments.ts'
import type { RequestFlags } from '../arguments/request-flags.ts'
import { usageError } from '../arguments/usage-error.ts'
import { CliError } from '../cli-error.ts'
import { modelOf, type EndpointFlags } from '../endpoint.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { abortable } from './abortable.ts'
import { readTextFile } from './read-text-file.ts'
import { readText } from './read-text.ts'

/**
 * The request that the flags and the words of a prompt describe.
 *
 * @param otherwise the prompt when there is none: an instrument can do with any
 */
export async function requestOf(
  flags: EndpointFlags & RequestFlags,
  words: readonly string[],
  io: Io,
  otherwise?: string,
): Promise<StreamRequest> {
  const given = flags.request === undefined ? {} : await readRequest(flags.request, io)
  const prompt = words.join(' ').trim() || (given['messages'] === undefined ? otherwise : undefined)
  const system = flags.system === undefined ? [] : [{ role: 'system', content: await textOrFile(flags.system, io) }]
  const request: Record<string, unknown> = {
    ...given,
    ...Object.fromEntries(flags.option),
    model: flags.model === undefined && given['model'] !== undefined ? given['model'] : await modelOf(flags, io),
    ...(prompt !== undefined && { messages: [...system, { role: 'user', content: prompt }] }),
  }
  if (request['messages'] === undefined) throw usageError('there is no prompt', 'write one, or give --request FILE')
  if (request['model'] === '') {
    throw new CliError(
      exitCode.configuration,
      'no model is chosen: give one with -m MODEL or in DELTAWIRE_MODEL',
      'deltawire mock serves recordings as models, as in -m demo:text',
    )
  }
  // What else is in it is the server's business.
  return request as unknown as StreamRequest
}

/** Pictures in a request are large. */
const maxRequestBytes = 64 * 1024 * 1024

/** The body of `--request`: from a file or standard input. */
export async function readRequest(name: string, io: Io): Promise<Record<string, unknown>> {
  const text =
    name === '-'
      ? await readText(abortable(io.stdin, io.signal), undefined, maxRequestBytes)
      : await readTextFile(name, { signal: io.signal, maxBytes: maxRequestBytes })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw usageError(`the request in ${quote(name)} is not JSON: ${error instanceof Error ? error.message : ''}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw usageError(`the request in ${quote(name)} is no JSON object`)
}

/** A text as it is, or the one of a file: `@FILE`. */
export async function textOrFile(given: string, io: Pick<Io, 'signal'>): Promise<string> {
  return given.startsWith('@') ? readTextFile(given.slice(1), io) : given
}
