import type { ParseArgsConfig } from 'node:util'
import { closest } from './closest.ts'
import type { Command, Flag, Flags, Invocation } from './command.ts'
import { usageError } from './usage-error.ts'

// An import would make an object of all that the module has, and with it load what nobody asked for: 5 ms of every start.
const { parseArgs } = process.getBuiltinModule('node:util')

/** Reads the arguments of one command as its table entry says. */
export function parseArguments(entry: Command, argv: readonly string[]): Invocation {
  const { name } = entry
  const tokens = tokensOf(entry.flags, argv)
  const given = new Map<string, unknown>()
  const positionals: string[] = []
  const command: string[] = []
  let isAfterEnd = false
  for (const token of tokens) {
    if (token.kind === 'option-terminator') isAfterEnd = true
    else if (token.kind === 'option') give(given, entry, token)
    else if (isAfterEnd && entry.arguments.command !== undefined) command.push(token.value)
    else positionals.push(token.value)
  }
  for (const group of entry.conflicts ?? []) {
    const [first, second] = group.filter((flag) => given.has(flag))
    if (second !== undefined) {
      throw usageError(`--${first} and --${second} cannot be used together`, helpHint(name))
    }
  }
  if (positionals.length > entry.arguments.max) {
    const extra = positionals[entry.arguments.max] ?? ''
    throw usageError(
      `unexpected argument ${quote(extra)}: ${name} takes ${entry.arguments.placeholder || 'none'}`,
      helpHint(name),
    )
  }
  return { flags: withDefaults(entry.flags, given), arguments: positionals, command }
}

function give(given: Map<string, unknown>, entry: Command, token: OptionToken): void {
  const value = valueOf(entry.name, entry.flags, token)
  const before = given.get(token.name)
  const flag = entry.flags[token.name]
  if (flag?.counts === true) return void given.set(token.name, (typeof before === 'number' ? before : 0) + 1)
  given.set(
    token.name,
    flag?.repeats === true ? [...(Array.isArray(before) ? (before as unknown[]) : []), value] : value,
  )
}

/** Whether `--help` stands among the flags: it is served before anything is judged. */
export function asksForHelp(entry: Command, argv: readonly string[]): boolean {
  return tokensOf(entry.flags, argv).some((token) => token.kind === 'option' && token.name === 'help')
}

type Token = ReturnType<typeof tokensOf>[number]
type OptionToken = Extract<Token, { kind: 'option' }>

function tokensOf(flags: Flags, argv: readonly string[]) {
  const options: NonNullable<ParseArgsConfig['options']> = {}
  for (const [name, { short, value, implied }] of Object.entries(flags)) {
    const type = value.placeholder === undefined || implied !== undefined ? 'boolean' : 'string'
    options[name] = short === undefined ? { type } : { type, short }
  }
  // Not strict: its messages speak about the program's code, and it takes `--choice -1` for two flags.
  return parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true }).tokens
}

function valueOf(command: string, flags: Flags, token: OptionToken): unknown {
  const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined
  if (flag === undefined) throw unknownFlag(command, flags, token.rawName)
  const { value } = flag
  if (value.placeholder === undefined) {
    if (token.value !== undefined) throw usageError(`${token.rawName} takes no value`, helpHint(command))
    return true
  }
  if (token.value === undefined && flag.implied !== undefined) return flag.implied
  const isFlag = token.inlineValue === false && isFlagOf(flags, token.value ?? '')
  if (token.value === undefined || isFlag)
    throw usageError(`${token.rawName} needs ${value.expected}`, helpHint(command))
  const read = value.read(token.value)
  if (read === undefined) {
    throw usageError(`${token.rawName} needs ${value.expected}, not ${quote(token.value)}`, helpHint(command))
  }
  return read
}

function unknownFlag(command: string, flags: Flags, rawName: string) {
  const names = Object.entries(flags).flatMap(([name, { short }]) => [`--${name}`, ...(short ? [`-${short}`] : [])])
  const meant = rawName.startsWith('--') ? closest(rawName, names) : undefined
  const hint = meant === undefined ? helpHint(command) : `did you mean ${meant}?`
  return usageError(`unknown flag ${rawName}`, hint)
}

function isFlagOf(flags: Flags, argument: string): boolean {
  return Object.entries(flags).some(([name, { short }]) => argument === `--${name}` || argument === `-${short}`)
}

function withDefaults(flags: Flags, given: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [name, flag] of Object.entries(flags)) values[name] = given.get(name) ?? defaultOf(flag)
  return values
}

function defaultOf(flag: Flag): unknown {
  if (flag.repeats === true) return []
  if (flag.counts === true) return 0
  return flag.value.placeholder === undefined ? false : flag.default
}

function helpHint(command: string): string {
  return `see deltawire ${command} --help`
}

/** A word of the user's as it stands in our sentences: on one line, and short. */
export function quote(given: string): string {
  return JSON.stringify(given.length > 80 ? `${given.slice(0, 80)}…` : given)
}
