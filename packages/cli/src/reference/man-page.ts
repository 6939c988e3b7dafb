import type { Command, Flag } from '../arguments/command.ts'
import { aboutOf, exitCodes, sectionTitles, spelling, usageOf } from '../arguments/help-text.ts'

/** The manual page of all commands, or of one, in the language of `man`. */
export function manPage(commands: readonly Command[], version: string, only?: Command): string {
  const title = only === undefined ? 'deltawire' : `deltawire-${only.name.replaceAll(' ', '-')}`
  const summary = only?.summary ?? 'the streamed chat-completion protocol, for a terminal and for pipes'
  return [
    `.TH ${title.toUpperCase()} 1 "" "deltawire ${version}" "deltawire"`,
    '.SH NAME',
    `${escaped(title)} \\- ${escaped(summary)}`,
    '.SH SYNOPSIS',
    ...(only === undefined
      ? ['.B deltawire', escaped('COMMAND [FLAGS] …'), '.br', '.B deltawire', escaped('PROMPT…')]
      : [`.B ${escaped(usageOf(only))}`]),
    ...(only === undefined ? allCommands(commands) : commandLines(only)),
    '.SH EXIT STATUS',
    ...exitCodes.flatMap(([code, meaning]) => ['.TP', `.B ${escaped(code)}`, escaped(meaning)]),
    '',
  ].join('\n')
}

function allCommands(commands: readonly Command[]): string[] {
  return Object.entries(sectionTitles).flatMap(([section, title]) => [
    `.SH ${title.toUpperCase()}`,
    ...commands
      .filter((entry) => entry.section === section)
      .flatMap((entry) => [
        `.SS ${escaped(usageOf(entry))}`,
        escaped(`${entry.summary}.`),
        ...commandLines(entry, true),
      ]),
  ])
}

function commandLines({ flags, details = [], examples }: Command, isInside = false): string[] {
  const heading = (text: string) => (isInside ? ['.PP', `.I ${text}`] : [`.SH ${text.toUpperCase()}`])
  return [
    ...heading('Flags'),
    ...Object.entries(flags).flatMap(flagLines),
    ...(details.length === 0 ? [] : heading('Description')),
    ...details.flatMap((paragraph) => ['.PP', escaped(paragraph)]),
    ...heading('Examples'),
    '.nf',
    ...examples.flatMap(({ run, about }) => [escaped(`# ${about}`), escaped(run)]),
    '.fi',
  ]
}

function flagLines([name, flag]: [string, Flag]): string[] {
  return ['.TP', `.B ${escaped(spelling(name, flag).trim())}`, escaped(aboutOf(flag))]
}

/** A line that begins with a dot or a quote would be taken for a command. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/, '\\&')
}
