import { isAbsolute, join } from 'node:path'
import type { Environment } from '../io.ts'

/** Where deltawire keeps what is the user's. Nothing is ever written elsewhere. */
export interface Paths {
  readonly configFile: string
  /** Templates are files in here. */
  readonly configFolder: string
  /** The history and the recordings. */
  readonly dataFolder: string
  /** What was typed at prompts. */
  readonly stateFolder: string
}

/**
 * The folders of the user, by the habits of the system: https://specifications.freedesktop.org/basedir-spec, Application
 * Support on a Mac, AppData on Windows. The `XDG_` variables count everywhere; where one is relative it counts for nothing,
 * says their specification: it would lead somewhere else from every folder.
 *
 * Nothing when the environment names no home: then there is no history and no configuration.
 */
export function pathsOf(env: Environment, platform: NodeJS.Platform = process.platform): Paths | undefined {
  const home = env['HOME'] || env['USERPROFILE']
  const folders = home === undefined || home === '' ? undefined : usual(home, env, platform)
  const config = absolute(env['XDG_CONFIG_HOME']) ?? folders?.config
  const data = env['DELTAWIRE_DATA_DIR'] || named(absolute(env['XDG_DATA_HOME']) ?? folders?.data)
  const state = absolute(env['XDG_STATE_HOME']) ?? folders?.state
  if (config === undefined || data === undefined || state === undefined) {
    const only = env['DELTAWIRE_DATA_DIR']
    return only
      ? {
          configFile: env['DELTAWIRE_CONFIG'] || join(only, 'config.json'),
          configFolder: only,
          dataFolder: only,
          stateFolder: only,
        }
      : undefined
  }
  const configFolder = join(config, 'deltawire')
  return {
    configFolder,
    configFile: env['DELTAWIRE_CONFIG'] || join(configFolder, 'config.json'),
    dataFolder: data,
    stateFolder: join(state, 'deltawire'),
  }
}

function absolute(folder: string | undefined): string | undefined {
  return folder !== undefined && isAbsolute(folder) ? folder : undefined
}

function named(folder: string | undefined): string | undefined {
  return folder === undefined ? undefined : join(folder, 'deltawire')
}

function usual(home: string, env: Environment, platform: NodeJS.Platform) {
  if (platform === 'darwin') {
    const library = join(home, 'Library', 'Application Support')
    return { config: library, data: library, state: library }
  }
  if (platform === 'win32') {
    const local = env['LOCALAPPDATA'] || join(home, 'AppData', 'Local')
    return { config: env['APPDATA'] || join(home, 'AppData', 'Roaming'), data: local, state: local }
  }
  return { config: join(home, '.config'), data: join(home, '.local', 'share'), state: join(home, '.local', 'state') }
}
