import { commandNames, commands, entryOf, globalFlags, type CommandName } from '../commands/table.ts'
import type { Example, Flag, Flags } from './command.ts'

const width = 96

/** `deltawire --help` */
export function generalHelp(): string {
  return sections([
    ['deltawire: the streamed chat-completion protocol, for a terminal and for pipes.'],
    ['Usage:', '  deltawire COMMAND [FLAGS] …', '  deltawire PROMPT…           the same as deltawire ask'],
    ['Commands:', ...columns(commandNames.map((name) => [`${name} ${argumentsOf(name)}`, commands[name].summary]))],
    ['Flags of every command:', ...flagLines(globalFlags), ...columns([['    --version', 'the version']])],
    ['Examples:', ...commandNames.flatMap((name) => exampleLines(entryOf(name).examples.slice(0, 1)))],
    ['Exit codes:', ...columns(exitCodes.map(([code, meaning]) => [code, meaning]))],
    ['Everything about a command: deltawire help COMMAND'],
  ])
}

/** `deltawire COMMAND --help` */
export function commandHelp(name: CommandName): string {
  const { summary, flags, details = [], examples } = entryOf(name)
  return sections([
    [`deltawire ${name}: ${summary}`],
    [`Usage: deltawire ${name} ${argumentsOf(name)} [FLAGS]`],
    ['Flags:', ...flagLines(flags)],
    ...details.map((paragraph) => wrap(paragraph, width)),
    ['Examples:', ...exampleLines(examples)],
  ])
}

const exitCodes = [
  ['0', 'complete'],
  ['2, 3', 'wrong usage; no endpoint, key or model'],
  ['4, 5, 6', 'the server refused; is overloaded; was not reached'],
  ['7', 'the stream is broken: what had arrived is printed'],
  ['8, 9', 'the answer is empty or refused; it was cut short (length, content_filter)'],
  ['10', 'the whole took too long'],
  ['130', 'stopped by Ctrl-C: what had arrived is printed'],
] as const

function argumentsOf(name: CommandName): string {
  const { placeholder, command } = entryOf(name).arguments
  return command === undefined ? placeholder : `${placeholder} ${command}`
}

function flagLines(flags: Flags): string[] {
  return columns(Object.entries(flags).map(([name, flag]) => [spelling(name, flag), aboutOf(flag)]))
}

function spelling(name: string, { short, value }: Flag): string {
  // -n is the whole name of its flag.
  const names = name === short ? `-${name}` : `${short === undefined ? '    ' : `-${short}, `}--${name}`
  return value.placeholder === undefined ? names : `${names} ${value.placeholder}`
}

function aboutOf({ about, default: otherwise }: Flag): string {
  return otherwise === undefined ? about : `${about} (${otherwise})`
}

function exampleLines(examples: readonly Example[]): string[] {
  return examples.map(({ run, about, exitCode }) => {
    const remark = exitCode === undefined ? about : `${about} (exit code ${exitCode})`
    return `  ${run.padEnd(62)}  # ${remark}`
  })
}

/** Two columns, the second wrapped beside the first. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const first = Math.min(30, Math.max(...rows.map(([left]) => left.length)))
  return rows.flatMap(([left, right]) => {
    const lines = wrap(right, width - first - 4)
    const isTooLong = left.length > first
    const head = isTooLong ? [`  ${left}`] : [`  ${left.padEnd(first)}  ${lines.shift() ?? ''}`.trimEnd()]
    return [...head, ...lines.map((line) => `${' '.repeat(first + 4)}${line}`)]
  })
}

function wrap(paragraph: string, max: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of paragraph.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > max) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}

function sections(blocks: readonly (readonly string[])[]): string {
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`
}
