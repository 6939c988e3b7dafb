import { access, readFile, rm, writeFile } from 'node:fs/promises'
import type { Run } from '../arguments/command.ts'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { confirm } from '../chat/confirm.ts'
import { editText, openEditor } from '../chat/edit-text.ts'
import {
  parseTemplate,
  readTemplate,
  templateExample,
  templateFolder,
  templateNames,
  templatePath,
} from '../chat/template.ts'
import { CliError } from '../cli-error.ts'
import type { ConfigFlags } from '../config/config-flags.ts'
import { loadSettings } from '../config/load-settings.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { visible, visibleLine } from '../render/visible.ts'
import { note } from '../report.ts'
import { abortable } from '../source/abortable.ts'
import { readText } from '../source/read-text.ts'
import { fileMode, makePrivateFolder } from '../store/private-file.ts'
import type { flags, rmFlags } from './template.command.ts'

export const templateLs: Run<typeof flags> = async ({ flags }, io) => {
  const folder = await folderOf(flags, io)
  const names = await templateNames(folder)
  const width = Math.max(0, ...names.map(({ length }) => length))
  for (const name of names) {
    const { description = '' } = await readTemplate(name, folder)
    await io.stdout.write(`${visibleLine(`${name.padEnd(width)}  ${description}`).trimEnd()}\n`)
  }
  if (names.length === 0)
    await io.stdout.write(
      'none yet: deltawire template new NAME makes one, deltawire template show shows how one looks\n',
    )
  return exitCode.complete
}

export const templateShow: Run<typeof flags> = async ({ flags, arguments: [name] }, io) => {
  if (name === undefined) {
    await io.stdout.write(templateExample)
    return exitCode.complete
  }
  const folder = await folderOf(flags, io)
  await readTemplate(name, folder)
  const text = await readFile(templatePath(folder, name), 'utf8')
  await io.stdout.write(io.stdout.isTTY ? visible(text) : text)
  return exitCode.complete
}

export const templateNew: Run<typeof flags> = async ({ flags, arguments: [given] }, io) => {
  const name = needed(given)
  const folder = await folderOf(flags, io)
  const path = templatePath(folder, name)
  if (await isThere(path))
    throw usageError(`there is a template ${quote(name)} already`, 'deltawire template edit changes it')
  const text = io.stdin.isTTY
    ? await editText(templateExample, io, `${name}.md`)
    : (await readText(abortable(io.stdin, io.signal))).trimEnd()
  parseTemplate(name, `${text}\n`)
  makePrivateFolder(folder)
  await writeFile(path, `${text}\n`, { mode: fileMode, flag: 'wx' })
  await note(io, flags, `written to ${path}`)
  return exitCode.complete
}

export const templateEdit: Run<typeof flags> = async ({ flags, arguments: [given] }, io) => {
  const name = needed(given)
  const folder = await folderOf(flags, io)
  await readTemplate(name, folder)
  await openEditor(templatePath(folder, name), io)
  // Says at once when it can no longer be read.
  await readTemplate(name, folder)
  return exitCode.complete
}

export const templateRm: Run<typeof rmFlags> = async ({ flags, arguments: [given] }, io) => {
  const name = needed(given)
  const folder = await folderOf(flags, io)
  await readTemplate(name, folder)
  await confirm(`remove the template ${name}?`, flags.yes, io)
  await rm(templatePath(folder, name))
  return exitCode.complete
}

function needed(name: string | undefined): string {
  if (name === undefined) throw usageError('the name of a template is missing')
  return name
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function folderOf(flags: ConfigFlags, io: Io): Promise<string> {
  const folder = templateFolder(await loadSettings(flags, io))
  if (folder === undefined)
    throw new CliError(exitCode.configuration, 'there is no place for templates: the environment names no home')
  return folder
}
