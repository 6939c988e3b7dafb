import type { on, Value } from './value.ts'

export interface Flag {
  /** One letter: `-o`. */
  readonly short?: string
  readonly value: Value<unknown>
  /** Used when the flag is not given; its help says it. */
  readonly default?: number | string
  readonly about: string
}

export type Flags = { readonly [name: string]: Flag }

/** A line that works as it stands, without a key and without a network. The tests run every one. */
export interface Example {
  readonly run: string
  readonly about: string
  /** `0` when absent. */
  readonly exitCode?: number
  /** Runs until Ctrl-C. */
  readonly serves?: true
}

/** One line of the command table: everything there is to say about a command, except what it does. */
export interface Command<F extends Flags = Flags> {
  readonly summary: string
  readonly arguments: {
    readonly placeholder: string
    /** How many at most. */
    readonly max: number
    /** What follows a `--` is a command of its own. */
    readonly command?: string
  }
  readonly flags: F
  /** Groups of flags of which only one may be given. */
  readonly conflicts?: readonly (readonly string[])[]
  /** Paragraphs of the help below the flags. */
  readonly details?: readonly string[]
  readonly examples: readonly Example[]
}

/** What a command is called with, read from the arguments by its table entry. */
export interface Invocation<F extends Flags = Flags> {
  readonly flags: FlagValues<F>
  readonly arguments: readonly string[]
  /** What followed `--`, for a command that takes a command. */
  readonly command: readonly string[]
}

export type FlagValues<F extends Flags> = { readonly [N in keyof F]: FlagValue<F[N]> }

type FlagValue<F extends Flag> = F['value'] extends typeof on
  ? boolean
  : F['value'] extends Value<infer T>
    ? F extends { readonly default: T }
      ? T
      : T | undefined
    : never

/** Keeps the names and the types of a command's flags; conflicts can only be between flags that there are. */
export function command<const F extends Flags>(
  entry: Command<F> & { readonly conflicts?: readonly (readonly (keyof F & string)[])[] },
): Command<F> {
  return entry
}
