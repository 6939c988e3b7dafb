import { usageError } from '../arguments/usage-error.ts'
import type { Io } from '../io.ts'
import type { Session } from './session.ts'

export interface SlashContext {
  readonly session: Session
  readonly io: Io
  /** Aborted when the user stops an answer. */
  readonly signal: AbortSignal
}

export interface SlashCommand {
  readonly argument?: string
  readonly about: string
  /** What its argument can be, for the Tab key. */
  readonly completes?: 'files' | 'models'
  /** Resolves to `quit` to leave, or to the exit code of an answer. */
  readonly run: (argument: string, context: SlashContext) => Promise<number | 'quit' | void>
}

/** An argument that a command cannot do without. */
export function needed(argument: string, name: string): string {
  if (argument === '') throw usageError(`${name} is missing`, '/help shows what a command takes')
  return argument
}
