import type { Command, Flag } from '../arguments/command.ts'
import { aboutOf, exitCodes, sectionTitles, spelling, usageOf } from '../arguments/help-text.ts'
import { jsonOutputs, type JsonOutput } from './json-outputs.ts'

/** The reference of all commands, as Markdown: `docs/cli.md`. */
export function markdownReference(commands: readonly Command[]): string {
  const parts = [
    '# deltawire: the commands',
    'Made from the table of the commands by `deltawire help --markdown`; what is here is what `deltawire help COMMAND` says. A guide is in [packages/cli](../packages/cli/README.md).',
    ...Object.entries(sectionTitles).flatMap(([section, title]) => {
      const members = commands.filter((entry) => entry.section === section)
      return members.length === 0 ? [] : [`## ${title}`, ...members.map(commandPart)]
    }),
    '## Output for programs',
    'Each of these has a JSON Schema, which the package holds: `@deltawire/cli/schemas/NAME.schema.json`. Fields are added without notice; where one changes its meaning `v` becomes another number. Control characters are escaped, so that a terminal can show all of it. `lint --sarif` is [SARIF 2.1.0](https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), and `config check --schema` prints the schema of the configuration.',
    table(['output', 'NAME'], jsonOutputs.map(outputRow)),
    '## Exit codes',
    table(['code', 'meaning'], exitCodes),
  ]
  return `${parts.join('\n\n')}\n`
}

function outputRow({ call, schemas, each }: JsonOutput): [string, string] {
  const names = schemas.map((name) => `\`${name}\``).join(', ')
  return [`\`${call}\``, each === 'line' ? `each line: ${names}` : names]
}

function commandPart(entry: Command): string {
  const { name, summary, flags, details = [], examples } = entry
  return [
    `### deltawire ${name}`,
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.`,
    fenced([usageOf(entry)]),
    table(['flag', ''], Object.entries(flags).map(flagRow)),
    ...details.map(escaped),
    fenced(
      examples.map(
        ({ run, about, exitCode }) => `${run}  # ${about}${exitCode === undefined ? '' : ` (exit code ${exitCode})`}`,
      ),
    ),
  ].join('\n\n')
}

function flagRow([name, flag]: [string, Flag]): [string, string] {
  return [`\`${spelling(name, flag).trim().replaceAll('|', '\\|')}\``, escaped(aboutOf(flag))]
}

function fenced(lines: readonly string[]): string {
  return ['```sh', ...lines, '```'].join('\n')
}

/** Aligned, as the formatter of this repository has it. */
function table(head: readonly [string, string], rows: readonly (readonly [string, string])[]): string {
  const width = (column: 0 | 1) => Math.max(3, head[column].length, ...rows.map((row) => [...row[column]].length))
  const widths = [width(0), width(1)] as const
  const pad = (text: string, to: number) => text + ' '.repeat(to - [...text].length)
  const line = ([left, right]: readonly [string, string]) => `| ${pad(left, widths[0])} | ${pad(right, widths[1])} |`
  return [line(head), `| ${'-'.repeat(widths[0])} | ${'-'.repeat(widths[1])} |`, ...rows.map(line)].join('\n')
}

/** What Markdown would take for its own. */
function escaped(text: string): string {
  return text.replaceAll(/[<>|*_]/g, (sign) => `\\${sign}`)
}
