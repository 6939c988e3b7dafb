import type { FlagValues, GlobalFlags } from './arguments/command.ts'
import { quote } from './arguments/parse-arguments.ts'
import { usageError } from './arguments/usage-error.ts'
import type { Environment, Io } from './io.ts'

/** Where a command runs, as --cwd and --env-file have it. */
export function placed({ cwd, 'env-file': files }: Pick<FlagValues<GlobalFlags>, 'cwd' | 'env-file'>, io: Io): Io {
  // The files are named from where the user stands. What the environment says comes before them, as for Node.js.
  const env = Object.fromEntries([...files.map(readEnvironment), io.env].flatMap((one) => Object.entries(one)))
  if (cwd === undefined && files.length === 0) return io
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
