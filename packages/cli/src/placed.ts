import type { colorFlag } from './arguments/color-flag.ts'
import type { FlagValues, GlobalFlags } from './arguments/command.ts'
import { quote } from './arguments/parse-arguments.ts'
import { usageError } from './arguments/usage-error.ts'
import type { Environment, Io } from './io.ts'

export type PlaceFlags = Pick<FlagValues<GlobalFlags>, 'cwd' | 'env-file'> & {
  readonly color?: FlagValues<typeof colorFlag>['color']
}

/** What `--color` says as the variables say it: https://no-color.org, https://force-color.org */
const colorVariables: { readonly [C in 'always' | 'auto' | 'never']: Environment } = {
  auto: {},
  always: { NO_COLOR: '', FORCE_COLOR: '1' },
  never: { NO_COLOR: '1', FORCE_COLOR: '' },
}

/** Where a command runs, as --cwd and --env-file have it, and whether in colours. */
export function placed({ cwd, 'env-file': files, color = 'auto' }: PlaceFlags, io: Io): Io {
  // The files are named from where the user stands. What the environment says comes before them, as for Node.js.
  const all = [...files.map(readEnvironment), io.env, colorVariables[color]]
  if (cwd === undefined && files.length === 0 && color === 'auto') return io
  const env = Object.fromEntries(all.flatMap((one) => Object.entries(one)))
  return cwd === undefined ? { ...io, env } : { ...io, env, cwd: enter(cwd, io) }
}

function readEnvironment(path: string): Environment {
  try {
    return process
      .getBuiltinModule('node:util')
      .parseEnv(process.getBuiltinModule('node:fs').readFileSync(path, 'utf8'))
  } catch (error) {
    throw usageError(`--env-file cannot read ${quote(path)}: ${codeOf(error)}`)
  }
}

function enter(folder: string, io: Io): string {
  try {
    return io.enterFolder?.(folder) ?? folder
  } catch (error) {
    throw usageError(`--cwd cannot go to ${quote(folder)}: ${codeOf(error)}`)
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
