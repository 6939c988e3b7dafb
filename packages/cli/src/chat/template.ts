import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { closest } from '../arguments/closest.ts'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import type { Settings } from '../config/load-settings.ts'
import { jsonOr } from './prompt-flags.ts'

/** A prompt with gaps, kept under a name: a text file with a head. */
export interface Template {
  readonly name: string
  readonly description?: string
  readonly model?: string
  readonly system?: string
  readonly options: Readonly<Record<string, unknown>>
  /** Values of gaps that nobody fills. */
  readonly params: Readonly<Record<string, string>>
  /** With `{{name}}` where a parameter goes and `{{input}}` where the prompt goes, which otherwise follows. */
  readonly body: string
}

export const templateExample = `---
description: reviews what it is given
# model: fast
system: You review code. You are brief and {{tone}}.
option.temperature: 0.2
param.tone: friendly
---
What may break here?

{{input}}
`

/** The folder of templates; nothing when there is no place for one. */
export function templateFolder({ paths }: Pick<Settings, 'paths'>): string | undefined {
  return paths === undefined ? undefined : join(paths.configFolder, 'templates')
}

export function templatePath(folder: string, name: string): string {
  if (!/^[\w][\w.-]*$/.test(name))
    throw usageError(`${quote(name)} is no name of a template`, 'letters, digits, - and _')
  return join(folder, `${name}.md`)
}

export async function templateNames(folder: string | undefined): Promise<string[]> {
  const files = folder === undefined ? [] : await readdir(folder).catch(() => [])
  return files
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -'.md'.length))
    .sort()
}

/** @throws CliError when there is none of that name, or its head is wrong */
export async function readTemplate(name: string, folder: string | undefined): Promise<Template> {
  const text =
    folder === undefined ? undefined : await readFile(templatePath(folder, name), 'utf8').catch(() => undefined)
  if (text !== undefined) return parseTemplate(name, text)
  const names = await templateNames(folder)
  const meant = closest(name, names)
  throw usageError(
    `there is no template ${quote(name)}`,
    meant === undefined ? 'deltawire template new makes one' : `did you mean ${meant}?`,
  )
}

export function parseTemplate(name: string, text: string): Template {
  const [, head = '', body = text] = /^---\r?\n([\s\S]*?)^---[ \t]*\r?\n([\s\S]*)$/m.exec(text) ?? []
  const fields: Record<string, string> = {}
  const groups = { option: {} as Record<string, unknown>, param: {} as Record<string, string> }
  for (const [at, line] of head.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const [, group, key = '', value = ''] = /^(?:(option|param)\.)?([\w]+):\s*(.*?)\s*$/.exec(line) ?? []
    if (key === '' || (group === undefined && !['description', 'model', 'system'].includes(key))) {
      throw usageError(
        `the template ${name} is wrong in line ${at + 2}: ${quote(line)}`,
        'its head has description, model, system, option.NAME and param.NAME',
      )
    }
    if (group === 'option') groups.option[key] = jsonOr(value)
    else if (group === 'param') groups.param[key] = value
    else fields[key] = value
  }
  return { name, ...fields, options: groups.option, params: groups.param, body }
}

/** The text with its gaps filled. @throws CliError that names the gaps that nobody fills */
export function fillTemplate(
  { name, params: defaults }: Template,
  text: string,
  params: Readonly<Record<string, string>>,
  input?: string,
): string {
  const missing = new Set<string>()
  const filled = text.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (gap, key: string) => {
    if (key === 'input' && input !== undefined) return input
    const value = params[key] ?? defaults[key]
    if (value === undefined) missing.add(key)
    return value ?? gap
  })
  if (missing.size === 0) return filled
  const [first = ''] = missing
  throw usageError(`the template ${name} needs ${[...missing].join(', ')}`, `give it with -P ${first}=…`)
}
