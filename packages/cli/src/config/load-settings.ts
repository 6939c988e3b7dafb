import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { quote } from '../arguments/parse-arguments.ts'
import { closest } from '../arguments/closest.ts'
import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import type { ConfigFlags } from './config-flags.ts'
import type { Profile, ProjectConfig, UserConfig } from './config-schema.ts'
import { pathsOf, type Paths } from './paths.ts'
import { readProjectConfig, readUserConfig, valueAt, type ConfigFile } from './read-config-file.ts'

/** The files that speak for this run, as they are. */
export interface Config {
  /** Nothing when the environment names no home. */
  readonly paths: Paths | undefined
  readonly user: ConfigFile<UserConfig>
  readonly project: ConfigFile<ProjectConfig> | undefined
}

export const projectFileName = '.deltawire.json'

/** Reads the files, and judges nothing. */
export async function loadConfig(flags: ConfigFlags, io: Pick<Io, 'cwd' | 'env'>): Promise<Config> {
  const found = pathsOf(io.env)
  const paths = found !== undefined && flags.config !== undefined ? { ...found, configFile: flags.config } : found
  const userPath = flags.config ?? paths?.configFile
  const none = { path: userPath ?? '', value: {}, document: undefined, problems: [] }
  if (flags['no-config']) return { paths, user: none, project: undefined }
  if (flags.config !== undefined && !existsSync(flags.config)) {
    throw new CliError(exitCode.configuration, `there is no file ${quote(flags.config)}`)
  }
  const projectPath = projectFileFrom(io.cwd)
  return {
    paths,
    user: userPath === undefined ? none : await readUserConfig(userPath),
    project: projectPath === undefined ? undefined : await readProjectConfig(projectPath),
  }
}

/** The nearest project file, in this folder or above it. */
function projectFileFrom(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, projectFileName)
    if (existsSync(path)) return path
    if (dirname(at) === at) return undefined
  }
}

export type SettingName = 'model' | 'profile' | 'reasoning' | 'render' | 'store' | 'system' | 'template' | 'usage'

export interface Setting {
  readonly value: unknown
  /** `--model`, `$DELTAWIRE_MODEL`, a file with its line, or `default`. */
  readonly origin: string
}

interface Rule {
  readonly flag?: string
  readonly env?: string
  readonly isProjects?: boolean
  readonly isProfiles?: boolean
  readonly otherwise?: unknown
}

/** Where each setting can come from. The order is the same for all: flag, environment, project, profile, user, default. */
export const settingRules: { readonly [N in SettingName]: Rule } = {
  profile: { flag: 'profile', env: 'DELTAWIRE_PROFILE' },
  model: { flag: 'model', env: 'DELTAWIRE_MODEL', isProjects: true, isProfiles: true },
  system: { flag: 'system', isProjects: true },
  template: { flag: 'template', isProjects: true },
  reasoning: { flag: 'reasoning' },
  usage: { flag: 'usage', otherwise: false },
  store: { flag: 'no-store', env: 'DELTAWIRE_NO_STORE', otherwise: true },
  render: { flag: 'format', otherwise: 'md' },
}

export interface Settings extends Config {
  readonly profile: { readonly name: string; readonly value: Profile; readonly isExplicit: boolean } | undefined
  readonly aliases: Readonly<Record<string, string>>
  get(name: SettingName): Setting
  text(name: SettingName): string | undefined
}

/** What the flags of a command may say about settings. */
export type SettingFlags = ConfigFlags & Readonly<Record<string, unknown>>

/**
 * The settings of this run, each with where it comes from.
 *
 * @throws CliError when the user's file is wrong, or names a profile that there is not
 */
export async function loadSettings(flags: SettingFlags, io: Pick<Io, 'cwd' | 'env'>): Promise<Settings> {
  const config = await loadConfig(flags, io)
  const [problem, ...more] = config.user.problems
  if (problem !== undefined) {
    const rest = more.length === 0 ? '' : ` (and ${more.length} more)`
    throw new CliError(
      exitCode.configuration,
      `${config.user.path}: ${problem}${rest}`,
      'deltawire config check names everything that is wrong',
    )
  }
  return settingsOf(config, flags, io)
}

export function settingsOf(config: Config, flags: SettingFlags, { env }: Pick<Io, 'env'>): Settings {
  const { user, project } = config
  const profile = profileOf(user.value, flags.profile, env.DELTAWIRE_PROFILE)

  function get(name: SettingName): Setting {
    const { flag, env: variable, isProjects = false, isProfiles = false, otherwise } = settingRules[name]
    const given = flag === undefined ? undefined : flags[flag]
    // A switch that is not there is off by nobody's will.
    if (flag !== undefined && given !== undefined && given !== false) {
      return { value: flag.startsWith('no-') ? false : given, origin: `--${flag}` }
    }
    const said = variable === undefined ? undefined : env[variable]
    if (said !== undefined && said !== '') {
      return { value: variable?.includes('_NO_') === true ? false : said, origin: `$${variable}` }
    }
    const fromProject = isProjects ? valueAt(project?.value, [name]) : undefined
    if (project !== undefined && fromProject !== undefined)
      return { value: fromProject, origin: placeIn(project, [name]) }
    if (isProfiles && profile !== undefined) {
      const value = valueAt(profile.value, [name])
      if (value !== undefined) return { value, origin: placeIn(user, ['profiles', profile.name, name]) }
    }
    const value = valueAt(user.value, [name])
    if (value !== undefined) return { value, origin: placeIn(user, [name]) }
    return { value: otherwise, origin: 'default' }
  }

  return {
    ...config,
    profile,
    aliases: user.value.aliases ?? {},
    get,
    text(name) {
      const { value } = get(name)
      return typeof value === 'string' ? value : undefined
    },
  }
}

function profileOf(
  { profile, profiles = {} }: UserConfig,
  flag: string | undefined,
  variable: string | undefined,
): Settings['profile'] {
  const explicit = flag ?? (variable === '' ? undefined : variable)
  const name = explicit ?? profile
  if (name === undefined) return undefined
  const value = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (value !== undefined) return { name, value, isExplicit: explicit !== undefined }
  const names = Object.keys(profiles)
  const meant = closest(name, names)
  throw new CliError(
    exitCode.configuration,
    `there is no profile ${quote(name)}`,
    meant !== undefined
      ? `did you mean ${meant}?`
      : names.length === 0
        ? 'deltawire config edit opens the file where profiles stand'
        : `the profiles are ${names.join(', ')}`,
  )
}

export function placeIn(
  { path, document }: Pick<ConfigFile<unknown>, 'document' | 'path'>,
  keys: readonly string[],
): string {
  const line = document?.placeOf(keys)?.line
  return line === undefined ? path : `${path}:${line}`
}

/** Options for the body of a request: those of the project over those of the profile over the user's. */
export function optionsOf({ user, project, profile }: Settings): Record<string, unknown> {
  return { ...user.value.options, ...profile?.value.options, ...project?.value.options }
}

export interface ChosenModel {
  /** `''` when none is chosen. */
  readonly model: string
  /** The profile that the name of the model leads to. */
  readonly profile?: string
}

/** The model that a name stands for: an alias, `profile/model`, or itself. */
export function resolveModel(name: string, { aliases, user }: Pick<Settings, 'aliases' | 'user'>): ChosenModel {
  let model = name
  // An alias may lead to another one, and not to itself.
  for (let hops = 0; hops < 8 && Object.hasOwn(aliases, model); hops++) model = aliases[model] ?? model
  const slash = model.indexOf('/')
  const prefix = model.slice(0, slash)
  if (slash > 0 && Object.hasOwn(user.value.profiles ?? {}, prefix))
    return { model: model.slice(slash + 1), profile: prefix }
  return { model }
}
