import { isStreamError, type StreamErrorCode, type Warning } from '@deltawire/core'
import { CliError } from './cli-error.ts'
import { isSystemError } from './exit-code.ts'
import { Interrupted, OutputClosed, type Environment, type Io } from './io.ts'
import { visible, visibleLine } from './render/visible.ts'
import { wrap } from './render/wrap.ts'

export interface Loudness {
  readonly quiet: boolean
  /** How often -v was given. */
  readonly verbose: number
}

/** One `note:` line, unless the user wants quiet. */
export async function note(io: Io, { quiet }: Loudness, message: string): Promise<void> {
  if (!quiet) await io.stderr.write(paragraph(`note: ${visibleLine(message)}`, io))
}

/** One line, and in a terminal as many as it needs: no word is cut. */
function paragraph(text: string, { stderr }: Io): string {
  const width = stderr.columns?.()
  return `${width === undefined ? text : wrap(text, width).join('\n')}\n`
}

/** Why nothing more comes. */
export async function noteInterrupt(
  io: Io,
  loudness: Loudness,
  { message }: Interrupted,
  isPartial: boolean,
): Promise<void> {
  await note(io, loudness, isPartial ? `${message}; the answer is partial` : message)
}

/** One note per kind of repair. */
export async function noteWarnings(
  io: Io,
  loudness: Loudness,
  warnings: readonly Warning[],
  prefix = '',
): Promise<void> {
  if (warnings.length === 0) return
  // The catalogue of what can be odd is long, and mostly nothing is.
  const { explain } = await import('@deltawire/core/repairs')
  for (const warning of warnings) {
    const { code, event, count } = warning
    const more = count > 1 ? ` and ${count - 1} more` : ''
    await note(io, loudness, `${prefix}${explain(warning)} (${code}, event ${event}${more})`)
  }
}

/** One `error:` line, and what to do about it on a `hint:` line. A closed pipe is no news. */
export async function reportError(
  io: Io,
  { verbose }: Pick<Loudness, 'verbose'>,
  error: unknown,
  { prefix = '', withHint = true } = {},
): Promise<void> {
  if (error instanceof OutputClosed || error instanceof Interrupted) return
  const say = (text: string) => io.stderr.write(paragraph(withoutKey(text, io.env), io))
  await say(`error: ${visibleLine(prefix + sentenceOf(error))}`)
  const hint = withHint ? hintOf(error) : undefined
  if (hint !== undefined) await say(`hint: ${visibleLine(hint)}`)
  if (verbose === 0 || !(error instanceof Error)) return
  if (isFault(error)) await io.stderr.write(`${withoutKey(visible(error.stack ?? ''), io.env)}\n`)
  if (isStreamError(error) && error.code === 'http_status') {
    await io.stderr.write(`${withoutKey(visible(error.details.body), io.env)}\n`)
  }
  for (let { cause } = error; cause instanceof Error; { cause } = cause) {
    await say(`cause: ${visibleLine(sentenceOf(cause))}`)
  }
}

/** Some servers repeat the key that they refuse. It goes no further. */
export function withoutKey(text: string, { OPENAI_API_KEY = '' }: Environment): string {
  return OPENAI_API_KEY.length < 8 ? text : text.replaceAll(OPENAI_API_KEY, '[OPENAI_API_KEY]')
}

/** What went wrong as one sentence; the code comes last, for a search. */
export function sentenceOf(error: unknown): string {
  if (isStreamError(error)) return `${error.message.replace(`[${error.code}] `, '')} (${error.code})`
  if (error instanceof CliError || isSystemError(error)) return error.message
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

const hints: { [C in StreamErrorCode]?: string } = {
  connect_failed: 'is the server running, and is $OPENAI_BASE_URL right?',
  http_status: 'try with -v for the whole answer of the server',
  invalid_json: 'is it one chat completion, and nothing else?',
  limit_exceeded: 'no server sends so much in one answer: is it a chat-completion stream?',
  no_chunk: 'expected a chat-completion stream (SSE), chunks as lines of JSON, or a completion',
}

function hintOf(error: unknown): string | undefined {
  if (error instanceof CliError) return error.hint
  if (isStreamError(error)) return hints[error.code]
  if (isSystemError(error)) return undefined
  return 'this is a fault of deltawire; please report it with the output of -v'
}

/** Neither the user's nor the server's, so it has to be ours. */
function isFault(error: unknown): boolean {
  return !(error instanceof CliError) && !isStreamError(error) && !isSystemError(error)
}
