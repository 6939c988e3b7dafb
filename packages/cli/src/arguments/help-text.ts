import { globalFlags, type Command, type Example, type Flag, type Flags, type Section } from './command.ts'

/** No line is longer, however wide the terminal: prose is read more easily so. */
const widest = 96

/** How wide a text may be on an output. */
export function widthOf(terminal: number | undefined): number {
  return Math.max(40, Math.min(widest, (terminal ?? widest + 1) - 1))
}

/** `deltawire --help` */
export function generalHelp(commands: readonly Command[], width = widest): string {
  // What belongs to a group stands in the help of the group.
  const main = commands.filter(({ name }) => !name.includes(' '))
  return sections([
    ['deltawire: the streamed chat-completion protocol, for a terminal and for pipes.'],
    ['Usage:', '  deltawire COMMAND [FLAGS] …', '  deltawire PROMPT…           the same as deltawire ask'],
    ...commandSections(main, width),
    [
      'Flags of every command:',
      ...flagLines(globalFlags, width),
      ...columns([['    --version', 'the version']], width),
    ],
    ['Examples:', ...columns(shortExamples(main), width, 60)],
    ['Exit codes:', ...columns(exitCodes, width)],
    ['Everything about a command: deltawire help COMMAND'],
  ])
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
      ...columns(
        members.map((entry) => [`${entry.name} ${argumentsOf(entry)}`.trim(), entry.summary]),
        width,
      ),
    ])
}

/** `deltawire COMMAND --help` */
export function commandHelp(entry: Command, commands: readonly Command[], width = widest): string {
  const { name, summary, flags, details = [], examples } = entry
  const members = commands.filter((other) => other.name.startsWith(`${name} `))
  return sections([
    [`deltawire ${name}: ${summary}`],
    [`Usage: ${usageOf(entry)}`],
    ...(members.length === 0
      ? []
      : [
          [
            'Commands:',
            ...columns(
              members.map((one) => [`${one.name} ${argumentsOf(one)}`.trim(), one.summary]),
              width,
            ),
          ],
        ]),
    ['Flags:', ...flagLines(flags, width)],
    ...details.map((paragraph) => wrap(paragraph, width)),
    ['Examples:', ...exampleLines(examples)],
  ])
}

export const exitCodes: readonly (readonly [code: string, meaning: string])[] = [
  ['0', 'complete'],
  ['1', 'findings of lint, doctor, diff or bench; otherwise a fault of deltawire itself'],
  ['2, 3', 'wrong usage; no endpoint, key or model'],
  ['4, 5, 6', 'the server refused; is overloaded; was not reached'],
  ['7', 'the stream is broken: what had arrived is printed'],
  ['8, 9', 'the answer is empty or refused; it was cut short (length, content_filter)'],
  ['10', 'the whole took too long'],
  ['130', 'stopped by Ctrl-C: what had arrived is printed'],
]

export function usageOf(entry: Command): string {
  return `deltawire ${entry.name} ${argumentsOf(entry)} [FLAGS]`.replace('  ', ' ')
}

function argumentsOf(entry: Command): string {
  const { placeholder, command } = entry.arguments
  return command === undefined ? placeholder : `${placeholder} ${command}`.trim()
}

function flagLines(flags: Flags, width: number): string[] {
  return columns(
    Object.entries(flags).map(([name, flag]) => [spelling(name, flag), aboutOf(flag)]),
    width,
  )
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

/** One per command, where it is short. */
function shortExamples(commands: readonly Command[]): (readonly [string, string])[] {
  return commands.flatMap(({ examples }) => {
    const example = examples.find(({ run, exitCode }) => run.length <= 60 && exitCode === undefined)
    return example === undefined ? [] : [[example.run, `# ${example.about}`] as const]
  })
}

/** Two columns, the second wrapped beside the first. */
function columns(rows: readonly (readonly [string, string])[], width: number, most = 30): string[] {
  const first = Math.min(most, Math.floor(width * 0.65), Math.max(...rows.map(([left]) => left.length)))
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
