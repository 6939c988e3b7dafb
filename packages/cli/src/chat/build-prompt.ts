import { resolve } from 'node:path'
import type { RequestMessage } from '@deltawire/core'
import { usageError } from '../arguments/usage-error.ts'
import type { Settings } from '../config/load-settings.ts'
import type { Io } from '../io.ts'
import type { Loudness } from '../report.ts'
import { readInput } from '../source/prompt.ts'
import { readTextFile } from '../source/read-text-file.ts'
import { fenced, fencedFile, readAttachments, readTextFiles } from './file-input.ts'
import type { PromptFlags } from './prompt-flags.ts'
import { fillTemplate, readTemplate, templateFolder, type Template } from './template.ts'

export type PromptSource = Pick<PromptFlags, 'at' | 'attach' | 'file' | 'param' | 'system'> &
  Loudness & { readonly request?: string | undefined; readonly 'stdin-as'?: string | undefined }

export interface Prompt {
  readonly system: string | undefined
  readonly message: Extract<RequestMessage, { role: 'user' }>
  /** What the template asks for. */
  readonly options: Readonly<Record<string, unknown>>
}

/** The template of the flags, the project or the user. */
export async function templateOf(settings: Settings): Promise<Template | undefined> {
  const name = settings.text('template')
  return name === undefined ? undefined : readTemplate(name, templateFolder(settings))
}

/**
 * The prompt: the words, then the files, then what comes from standard input, each between marks that name it; all of it
 * where the template has its gap for it.
 *
 * @param edit lets the user work on it before it is sent
 */
export async function buildPrompt(
  words: readonly string[],
  template: Template | undefined,
  settings: Settings,
  flags: PromptSource,
  io: Io,
  edit?: (text: string) => Promise<string>,
): Promise<Prompt> {
  const files = await readTextFiles(flags.file, io)
  const parts = await readAttachments([...flags.attach.map((name) => ({ name })), ...flags.at], io)
  const given = words.join(' ').trim()
  const input = await inputOf(given !== '' || template !== undefined || edit !== undefined, flags, io)
  const asked = [given, ...files, ...(input === undefined ? [] : [input])].filter((text) => text !== '').join('\n\n')
  const params = Object.fromEntries(flags.param)
  const filled = template === undefined ? asked : withTemplate(template, asked, params)
  const text = edit === undefined ? filled : await edit(filled)
  if (text.trim() === '' && parts.length === 0) {
    throw usageError('there is no prompt', 'write one behind the command, or send it to standard input')
  }
  const system = await systemOf(template, params, settings, io)
  return {
    system,
    message: {
      role: 'user',
      content: parts.length === 0 ? text : [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...parts],
    },
    options: template?.options ?? {},
  }
}

function withTemplate(template: Template, asked: string, params: Record<string, string>): string {
  const filled = fillTemplate(template, template.body.trim(), params, asked)
  const hasGap = /\{\{\s*input\s*\}\}/.test(template.body)
  return hasGap || asked === '' ? filled : `${filled}\n\n${asked}`
}

/** Standard input, unless something else reads it. Beside a prompt it stands between marks. */
async function inputOf(isBeside: boolean, flags: PromptSource, io: Io): Promise<string | undefined> {
  const isTaken = [...flags.file, ...flags.attach, ...flags.at.map(({ name }) => name), flags.request].includes('-')
  if (io.stdin.isTTY || isTaken) return undefined
  const text = await readInput(flags, io)
  if (text.trim() === '') return undefined
  if (flags['stdin-as'] !== undefined) return fencedFile(flags['stdin-as'], text)
  return isBeside ? fenced('stdin', text) : text
}

/** The system message of the flag, the template, the project or the user; `@FILE` is a file of it. */
async function systemOf(
  template: Template | undefined,
  params: Record<string, string>,
  settings: Settings,
  io: Io,
): Promise<string | undefined> {
  const { value, origin } = settings.get('system')
  const given = typeof value === 'string' ? value : undefined
  if (template?.system !== undefined && origin !== '--system') return fillTemplate(template, template.system, params)
  if (given?.startsWith('@') !== true || origin !== '--system') return given
  const path = given.slice(1)
  return (await readTextFile(resolve(io.cwd, path), { signal: io.signal, name: path })).trim()
}
