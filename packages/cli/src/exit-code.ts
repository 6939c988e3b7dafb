import { isStreamError, type AnyStreamError, type ChatCompletion, type StreamErrorCode } from '@deltawire/core'
import { CliError } from './cli-error.ts'
import { Interrupted, OutputClosed, type StopSignal } from './io.ts'

/** What each exit code says. The numbers are a promise to scripts. */
export const exitCode = {
  complete: 0,
  bug: 1,
  /** Of an instrument that was asked to look: lint, doctor, diff, bench. Also 1, as for every other linter. */
  findings: 1,
  usage: 2,
  configuration: 3,
  refused: 4,
  overloaded: 5,
  network: 6,
  broken: 7,
  unacceptable: 8,
  truncated: 9,
  totalTimeout: 10,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const

type ExitCode = (typeof exitCode)[keyof typeof exitCode]

type OfError = { [C in StreamErrorCode]: ExitCode | ((error: Extract<AnyStreamError, { code: C }>) => ExitCode) }

const ofStreamError: OfError = {
  connect_failed: exitCode.network,
  http_status: ({ details }) => ([429, 503, 529].includes(details.status) ? exitCode.overloaded : exitCode.refused),
  timeout: ({ details }) => ofTimeout[details.phase],
  connection_lost: exitCode.broken,
  invalid_json: exitCode.broken,
  no_chunk: exitCode.broken,
  upstream_error: exitCode.broken,
  incomplete_stream: exitCode.broken,
  limit_exceeded: exitCode.broken,
}

const ofTimeout = {
  connect: exitCode.network,
  first_chunk: exitCode.broken,
  idle: exitCode.broken,
  total: exitCode.totalTimeout,
} as const

/** 128 and the number of the signal, as shells have it. */
const ofSignal: { readonly [S in StopSignal]: ExitCode } = {
  SIGHUP: exitCode.hungUp,
  SIGINT: exitCode.interrupted,
  SIGTERM: exitCode.terminated,
}

/** The exit code of whatever a command ended with. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode
  // A closed pipe is a normal end, as for `cat`.
  if (error instanceof OutputClosed) return exitCode.complete
  if (error instanceof Interrupted) return ofSignal[error.signal]
  if (isSystemError(error)) return exitCode.usage
  if (!isStreamError(error)) return exitCode.bug
  const code = ofStreamError[error.code] as ExitCode | ((error: AnyStreamError) => ExitCode)
  return typeof code === 'function' ? code(error) : code
}

/** What the system refused: a file that is not ours to read, a full disk. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'errno' in error && 'code' in error
}

/** The exit code of an answer that arrived whole: was it an answer? */
export function exitCodeOfAnswer({ choices }: ChatCompletion): number {
  if (choices.some(({ finish_reason }) => finish_reason === 'length' || finish_reason === 'content_filter')) {
    return exitCode.truncated
  }
  const isAnswered = choices.length > 0 && choices.every(({ message }) => hasAnswer(message))
  return isAnswered ? exitCode.complete : exitCode.unacceptable
}

function hasAnswer({ content, tool_calls, function_call, audio }: ChatCompletion['choices'][number]['message']) {
  return Boolean(content?.length) || Boolean(tool_calls?.length) || Boolean(function_call) || Boolean(audio)
}
