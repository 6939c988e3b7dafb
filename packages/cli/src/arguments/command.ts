import type { Io } from '../io.ts'
import { on, text, type Value } from './value.ts'

export interface Flag {
  /** One letter: `-o`. */
  readonly short?: string
  readonly value: Value<unknown>
  /** Used when the flag is not given; its help says it. */
  readonly default?: number | string
  /** May be given again. Its values are a list then, in the order in which they were given. */
  readonly repeats?: true
  /** What the flag means without a value. A value of its own is then written `--flag=VALUE`, never `--flag VALUE`. */
  readonly implied?: number | string
  /** A switch that says more when it is given more often; its value is how often. */
  readonly counts?: true
  readonly about: string
}

export type Flags = { readonly [name: string]: Flag }

/** A line that works as it stands, without a key and without a network. The tests run every one. */
export interface Example {
  readonly run: string
  readonly about: string
  /** `0` when absent. */
  readonly exitCode?: number
  /** Its standard output stays empty, and that is the news. */
  readonly says?: 'nothing'
  /** Runs until Ctrl-C. */
  readonly serves?: true
  /** Needs a home folder, or one with the conversations "Waves" and "Chunks" in its history. */
  readonly needs?: 'history' | 'home'
}

/** Under which heading of the help a command stands. */
export type Section = 'answers' | 'itself' | 'servers' | 'streams'

/** One line of the command table: everything there is to say about a command, except what it does. */
export interface Command<F extends Flags = Flags> {
  /** One word, or two for what belongs to a group: `history search`. */
  readonly name: string
  readonly section: Section
  readonly summary: string
  readonly arguments: {
    readonly placeholder: string
    /** How many at most. */
    readonly max: number
    /** What they can be, for the completions of a shell. Files when absent. */
    readonly completes?: readonly string[] | 'commands' | 'nothing' | 'sources'
    /** What follows a `--` is a command of its own. */
    readonly command?: string
  }
  readonly flags: F
  /** Groups of flags of which only one may be given. */
  readonly conflicts?: readonly (readonly string[])[]
  /** Other spellings of flags that are understood, each with a note. */
  readonly respelled?: (argv: readonly string[]) => {
    readonly argv: readonly string[]
    readonly notes: readonly string[]
  }
  /** Paragraphs of the help below the flags. */
  readonly details?: readonly string[]
  readonly examples: readonly Example[]
  /** What it does, loaded when it is called: what a command needs costs the others nothing. */
  readonly load: () => Promise<Run<F>>
}

/**
 * What a command does. Resolves to the exit code.
 *
 * @param commands the whole table, for a command that speaks about the others
 */
export type Run<F extends Flags = Flags> = (
  invocation: Invocation<F>,
  io: Io,
  commands: readonly Command[],
) => Promise<number>

/** What a command is called with, read from the arguments by its table entry. */
export interface Invocation<F extends Flags = Flags> {
  readonly flags: FlagValues<F>
  readonly arguments: readonly string[]
  /** What followed `--`, for a command that takes a command. */
  readonly command: readonly string[]
}

export type FlagValues<F extends Flags> = { readonly [N in keyof F]: FlagValue<F[N]> }

type FlagValue<F extends Flag> = F extends { readonly counts: true }
  ? number
  : F['value'] extends typeof on
    ? boolean
    : F['value'] extends Value<infer T>
      ? F extends { readonly repeats: true }
        ? readonly T[]
        : F extends { readonly default: T }
          ? T
          : T | undefined
      : never

export type GlobalFlags = typeof globalFlags

/** A group of flags that several commands share: `{ ...endpointFlags, … }`. Keeps their names and types. */
export function flagGroup<const F extends Flags>(flags: F): F {
  return flags
}

/** The flags of one command, the ones of every command with them. */
export function defineFlags<const F extends Flags>(flags: F): F & GlobalFlags {
  return { ...flags, ...globalFlags }
}

/**
 * An entry of the table. Conflicts can only be between flags that there are.
 *
 * The table treats all commands alike, so the types of the flags end here: `load` is only ever called with what
 * `parseArguments` has read by the same entry.
 */
export function command<const F extends Flags>(
  entry: Command<F> & { readonly conflicts?: readonly (readonly (keyof F & string)[])[] },
): Command {
  return entry as unknown as Command
}

/** Understood by every command. */
export const globalFlags = flagGroup({
  quiet: { short: 'q', value: on, about: 'no notes on stderr, only errors' },
  verbose: {
    short: 'v',
    value: on,
    counts: true,
    about: 'errors with their causes; -vv: requests with their headers, without secrets; -vvv: what they carry',
  },
  cwd: { value: text('FOLDER'), about: 'as if called in that folder' },
  'env-file': {
    value: text('FILE'),
    repeats: true,
    about: 'variables for the environment, which come behind those it has; no file is read by itself',
  },
  help: { short: 'h', value: on, about: 'this text' },
})
