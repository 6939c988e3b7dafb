import type { Command, Flag } from '../arguments/command.ts'

/** What a shell can complete, as plain words. */
export interface ShellCommand {
  readonly name: string
  readonly summary: string
  readonly flags: readonly ShellFlag[]
  /** The words that its arguments can be. */
  readonly words: readonly string[]
  readonly takesFiles: boolean
}

export interface ShellFlag {
  /** `--output`, `-o` */
  readonly names: readonly string[]
  readonly about: string
  readonly takesValue: boolean
  readonly words: readonly string[]
  /** Its value is a file or a folder. */
  readonly takesFile: boolean
}

/** @param sources the words for a SOURCE besides files: `demo:text` */
export function shellTable(commands: readonly Command[], sources: readonly string[]): ShellCommand[] {
  return commands.map(({ name, summary, flags, arguments: { completes } }) => ({
    name,
    summary,
    flags: Object.entries(flags).map(([flag, entry]) => shellFlag(flag, entry, sources)),
    words: wordsOf(completes, commands, sources),
    takesFiles: completes === undefined || completes === 'sources',
  }))
}

function wordsOf(
  completes: Command['arguments']['completes'],
  commands: readonly Command[],
  sources: readonly string[],
): readonly string[] {
  if (completes === 'commands') return commands.map(({ name }) => name).filter((name) => !name.includes(' '))
  if (completes === 'sources') return sources
  return Array.isArray(completes) ? (completes as readonly string[]) : []
}

function shellFlag(name: string, { short, value, about, implied }: Flag, sources: readonly string[]): ShellFlag {
  const long = name.length === 1 ? [] : [`--${name}`]
  const placeholder = value.placeholder ?? ''
  return {
    names: [...(short === undefined ? [] : [`-${short}`]), ...long],
    about,
    takesValue: placeholder !== '' && implied === undefined,
    words: placeholder === 'MODEL' ? sources : (value.words ?? []),
    takesFile: /FILE|FOLDER|PATH/.test(placeholder),
  }
}
