import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Run } from '../arguments/command.ts'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { openEditor } from '../chat/edit-text.ts'
import { jsonOr } from '../chat/prompt-flags.ts'
import { CliError } from '../cli-error.ts'
import type { ConfigFlags } from '../config/config-flags.ts'
import { editJson, JsonTextError, parseJsonWithComments } from '../config/json-with-comments.ts'
import {
  loadConfig,
  loadSettings,
  optionsOf,
  placeIn,
  settingRules,
  type Config,
  type SettingName,
  type Settings,
} from '../config/load-settings.ts'
import { readUserConfig, valueAt } from '../config/read-config-file.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { keySourceOf } from '../keys/read-key.ts'
import { jsonText } from '../render/json-text.ts'
import { visibleLine } from '../render/visible.ts'
import { makePrivateFolder } from '../store/private-file.ts'
import { replaceFile } from '../store/replace-file.ts'
import type { checkFlags, flags, showFlags } from './config.command.ts'

export const configShow: Run<typeof showFlags> = async ({ flags }, io) => {
  const settings = await loadSettings(flags, io)
  const rows = rowsOf(settings, io)
  if (flags.json) {
    const entries = rows.map(([name, value, origin]) => [name, flags.origin ? { value, origin } : value] as const)
    await io.stdout.write(jsonText(Object.fromEntries(entries), !io.stdout.isTTY))
    return exitCode.complete
  }
  const width = Math.max(...rows.map(([name]) => name.length))
  for (const [name, value, origin] of rows) {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    await io.stdout.write(`${visibleLine(`${name.padEnd(width)}  ${text}${flags.origin ? `  (${origin})` : ''}`)}\n`)
  }
  return exitCode.complete
}

type Row = readonly [name: string, value: unknown, origin: string]

/** Everything that counts. A key is told by where it is, never by itself. */
function rowsOf(settings: Settings, { env }: Pick<Io, 'env'>): Row[] {
  const { profile, user } = settings
  const names = Object.keys(settingRules) as SettingName[]
  const own = names.flatMap((name): Row[] => {
    const { value, origin } = settings.get(name)
    return value === undefined ? [] : [[name, value, origin]]
  })
  const baseUrl =
    profile?.isExplicit === true || (env.OPENAI_BASE_URL ?? '') === '' ? profile?.value.baseUrl : undefined
  const isFromEnvironment = baseUrl === undefined && (env.OPENAI_BASE_URL ?? '') !== ''
  const options = optionsOf(settings)
  return [
    ...own,
    ...(baseUrl === undefined
      ? []
      : [['baseUrl', baseUrl, placeIn(user, ['profiles', profile?.name ?? '', 'baseUrl'])] as const]),
    ...(isFromEnvironment ? [['baseUrl', env.OPENAI_BASE_URL ?? '', '$OPENAI_BASE_URL'] as const] : []),
    ...keyRow(settings, env),
    ...(Object.keys(options).length === 0 ? [] : [['options', options, 'project, profile and user'] as const]),
    ...Object.keys(user.value.profiles ?? {}).map(
      (name) =>
        [
          `profiles.${name}`,
          user.value.profiles?.[name]?.baseUrl ?? 'https://api.openai.com/v1',
          placeIn(user, ['profiles', name]),
        ] as const,
    ),
    ...Object.entries(settings.aliases).map(
      ([name, model]) => [`aliases.${name}`, model, placeIn(user, ['aliases', name])] as const,
    ),
  ]
}

function keyRow({ profile, user }: Settings, env: Io['env']): Row[] {
  const source = profile === undefined ? undefined : keySourceOf(profile.value)
  if (profile !== undefined && source !== undefined)
    return [['key', `from ${source}`, placeIn(user, ['profiles', profile.name])]]
  return (env.OPENAI_API_KEY ?? '') === '' ? [] : [['key', 'from $OPENAI_API_KEY', '$OPENAI_API_KEY']]
}

export const configGet: Run<typeof flags> = async ({ flags, arguments: [key] }, io) => {
  const path = keysOf(key)
  const { user } = await loadConfig(flags, io)
  const value = valueAt(user.document?.value, path)
  if (value === undefined)
    throw new CliError(exitCode.configuration, `${quote(path.join('.'))} is not set in ${user.path}`)
  await io.stdout.write(typeof value === 'string' ? `${visibleLine(value)}\n` : jsonText(value, !io.stdout.isTTY))
  return exitCode.complete
}

export const configSet: Run<typeof flags> = async ({ flags, arguments: [key, value] }, io) => {
  const path = keysOf(key)
  const file = await fileOf(flags, io)
  const text = (await readOr(file)).trim() === '' ? '{}\n' : await readOr(file)
  await write(file, changed(file, text, path, value === undefined ? undefined : jsonOr(value)))
  const { problems } = await readUserConfig(file)
  // It is written all the same: it may be one of several steps.
  for (const problem of problems) await io.stderr.write(`note: ${visibleLine(problem)}\n`)
  return exitCode.complete
}

function changed(file: string, text: string, path: readonly string[], value: unknown): string {
  try {
    return editJson(parseJsonWithComments(text), path, value)
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error
    throw new CliError(
      exitCode.configuration,
      `${file}: line ${error.line}: ${error.message}`,
      'deltawire config edit opens the file',
    )
  }
}

export const configEdit: Run<typeof flags> = async ({ flags }, io) => {
  const file = await fileOf(flags, io)
  if ((await readOr(file)) === '') await write(file, firstFile)
  await openEditor(file, io)
  return report(await loadConfig(flags, io), io)
}

export const configPath: Run<typeof flags> = async ({ flags }, io) => {
  await io.stdout.write(`${await fileOf(flags, io)}\n`)
  return exitCode.complete
}

export const configCheck: Run<typeof checkFlags> = async ({ flags }, io) => {
  if (flags.schema) {
    const { configJsonSchema } = await import('../config/config-schema.ts')
    await io.stdout.write(jsonText(configJsonSchema(), false))
    return exitCode.complete
  }
  return report(await loadConfig(flags, io), io)
}

async function report({ user, project }: Config, io: Io): Promise<number> {
  const problems = [user, project].flatMap((file) =>
    file === undefined ? [] : file.problems.map((problem) => `${file.path}: ${problem}`),
  )
  for (const problem of problems) await io.stdout.write(`${visibleLine(problem)}\n`)
  if (problems.length === 0) await io.stdout.write('nothing is wrong\n')
  return problems.length === 0 ? exitCode.complete : exitCode.configuration
}

function keysOf(key: string | undefined): string[] {
  if (key === undefined || key === '')
    throw usageError('the name of a setting is missing', 'as in model, or profiles.local.baseUrl')
  return key.split('.')
}

async function fileOf(flags: ConfigFlags, io: Io): Promise<string> {
  const { pathsOf } = await import('../config/paths.ts')
  const file = flags.config ?? pathsOf(io.env)?.configFile
  if (file === undefined)
    throw new CliError(exitCode.configuration, 'there is no place for a configuration: the environment names no home')
  return file
}

async function readOr(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}

async function write(path: string, text: string): Promise<void> {
  makePrivateFolder(dirname(path))
  await replaceFile(path, text)
}

const firstFile = `{
  // Whom deltawire asks, and how. deltawire config check names what is wrong in here.
  // "profile": "local",
  "profiles": {
    // "local": { "baseUrl": "http://127.0.0.1:8080/v1", "model": "any" },
    // "openai": { "keyCmd": "pass show openai", "model": "…" },
  },
  // "aliases": { "fast": "openai/…" },
}
`
