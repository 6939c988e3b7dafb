import { globalFlags, type Command, type Example, type Flag, type Flags, type Section } from './command.ts'
import { twoColumns, wrap } from '../render/wrap.ts'

/** No line is longer, however wide the terminal: prose is read more easily so. */
const widest = 96

/** How wide a text may be on an output. */
export function widthOf(terminal: number | undefined): number {
  return Math.max(40, Math.min(widest, (terminal ?? widest + 1) - 1))
}

/** `deltawire` alone: what there is, on one screen. */
export function briefHelp(commands: readonly Command[], width = widest): string {
  const main = mainOf(commands)
  return sections([
    ...beginning(main, width),
    ['Try:', ...exampleLines(shortExamples(main))],
    wrap('deltawire help COMMAND has the flags and examples of a command; deltawire help the exit codes.', width),
  ])
}

/** `deltawire --help` */
export function generalHelp(commands: readonly Command[], width = widest): string {
  const main = mainOf(commands)
  return sections([
    ...beginning(main, width),
    ['Flags of every command:', ...twoColumns([...flagRows(globalFlags), ['    --version', 'the version']], width)],
    ['Examples:', ...exampleLines(shortExamples(main))],
    ['Exit codes:', ...twoColumns(exitCodes, width)],
    wrap('Everything about a command: deltawire help COMMAND', width),
  ])
}

/** What belongs to a group stands in the help of the group. */
function mainOf(commands: readonly Command[]): Command[] {
  return commands.filter(({ name }) => !name.includes(' '))
}

function beginning(main: readonly Command[], width: number): string[][] {
  const usage = [
    ['deltawire COMMAND [FLAGS] …', ''],
    ['deltawire PROMPT…', 'the same as deltawire ask'],
  ] as const
  return [
    wrap('deltawire: the streamed chat-completion protocol, for a terminal and for pipes.', width),
    ['Usage:', ...twoColumns(usage, width)],
    ...commandSections(main, width),
  ]
}

export const sectionTitles: Readonly<Record<Section, string>> = {
  answers: 'Ask',
  streams: 'Look into streams',
  servers: 'Serve and measure',
  itself: 'About deltawire',
}

function commandSections(commands: readonly Command[], width: number): string[][] {
  return Object.entries(sectionTitles)
    .map(([section, title]) => ({ title, members: commands.filter((entry) => entry.section === section) }))
    .filter(({ members }) => members.length > 0)
    .map(({ title, members }) => [
      `${title}:`,
      ...twoColumns(
        members.map(({ name, summary }) => [name, summary]),
        width,
      ),
    ])
}

/** `deltawire COMMAND --help` */
export function commandHelp(entry: Command, commands: readonly Command[], width = widest): string {
  const { name, summary, flags, details = [], examples } = entry
  const members = commands.filter((other) => other.name.startsWith(`${name} `))
  return sections([
    wrap(`deltawire ${name}: ${summary}`, width),
    [`Usage: ${usageOf(entry)}`],
    ...(members.length === 0
      ? []
      : [
          [
            'Commands:',
            ...twoColumns(
              members.map((one) => [`${one.name} ${argumentsOf(one)}`.trim(), one.summary]),
              width,
            ),
          ],
        ]),
    ['Flags:', ...twoColumns(flagRows(flags), width)],
    ...details.map((paragraph) => wrap(paragraph, width)),
    ['Examples:', ...exampleLines(examples)],
  ])
}

export const exitCodes: readonly (readonly [code: string, meaning: string])[] = [
  ['0', 'complete'],
  ['1', 'findings of lint, doctor, diff or bench; otherwise a fault of deltawire itself'],
  ['2, 3', 'wrong usage, or a file that cannot be read or written; no endpoint, key or model'],
  ['4, 5, 6', 'the server refused; is overloaded; was not reached'],
  ['7', 'the stream is broken: what had arrived is printed'],
  ['8, 9', 'the answer is empty or refused; it was cut short (length, content_filter)'],
  ['10', 'the whole took too long'],
  ['129, 130, 143', 'stopped: its terminal was closed; by Ctrl-C; by SIGTERM. What had arrived is printed'],
]

export function usageOf(entry: Command): string {
  return `deltawire ${entry.name} ${argumentsOf(entry)} [FLAGS]`.replace('  ', ' ')
}

function argumentsOf(entry: Command): string {
  const { placeholder, command } = entry.arguments
  return command === undefined ? placeholder : `${placeholder} ${command}`.trim()
}

function flagRows(flags: Flags): (readonly [string, string])[] {
  return Object.entries(flags).map(([name, flag]) => [spelling(name, flag), aboutOf(flag)])
}

/** `-o, --output FILE` */
export function spelling(name: string, { short, value, implied }: Flag): string {
  // -n is the whole name of its flag.
  const names = name === short ? `-${name}` : `${short === undefined ? '    ' : `-${short}, `}--${name}`
  if (value.placeholder === undefined) return names
  return implied === undefined ? `${names} ${value.placeholder}` : `${names}[=${value.placeholder}]`
}

/** What a flag does, its default and whether it may come again. */
export function aboutOf({ about, default: otherwise, repeats, value }: Flag): string {
  const remarks = [
    otherwise === undefined ? undefined : (value.show?.(otherwise) ?? String(otherwise)),
    repeats === true ? 'may be repeated' : undefined,
  ].filter((remark) => remark !== undefined)
  return remarks.length === 0 ? about : `${about} (${remarks.join('; ')})`
}

/** Each under what it is about: a line that is to be copied stands alone. */
function exampleLines(examples: readonly Example[]): string[] {
  return examples.flatMap(({ run, about, exitCode }) => {
    const remark = exitCode === undefined ? about : `${about} (exit code ${exitCode})`
    return [`  # ${remark}`, `  ${run}`]
  })
}

/** One of every section: the others stand in the help of their command. */
function shortExamples(commands: readonly Command[]): Example[] {
  return Object.keys(sectionTitles).flatMap((section) => {
    const examples = commands.filter((entry) => entry.section === section).flatMap((entry) => entry.examples)
    return examples.filter(({ run, exitCode }) => run.length <= 60 && exitCode === undefined).slice(0, 1)
  })
}

function sections(blocks: readonly (readonly string[])[]): string {
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`
}
