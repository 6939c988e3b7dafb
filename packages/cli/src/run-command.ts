import { CliError } from './cli-error.ts'
import { Interrupted, type Environment } from './io.ts'

/**
 * Runs a command with our streams as its own, and resolves to its exit code, as a shell would say it.
 *
 * @param output where its standard output goes
 */
export async function runCommand(
  [name = '', ...rest]: readonly string[],
  env: Environment,
  signal: AbortSignal,
  output: 'stderr' | 'stdout' = 'stdout',
): Promise<number> {
  const [{ spawn }, { constants }] = await Promise.all([import('node:child_process'), import('node:os')])
  // npm and its like are scripts on Windows, and only its shell runs scripts.
  const child = spawn(name, rest, {
    stdio: ['inherit', output === 'stderr' ? 2 : 'inherit', 'inherit'],
    env: { ...env },
    shell: process.platform === 'win32',
  })
  // Ctrl-C reaches the command by itself, and it decides when it ends. Others only know of us.
  const stop = () => {
    if (signal.reason instanceof Interrupted && signal.reason.signal !== 'SIGINT') child.kill(signal.reason.signal)
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (error) => {
        const isMissing = 'code' in error && error.code === 'ENOENT'
        reject(
          new CliError(
            isMissing ? 127 : 126,
            `cannot run ${JSON.stringify(name)}: ${isMissing ? 'not found' : error.message}`,
          ),
        )
      })
      child.once('close', (code, killed) => resolve(code ?? 128 + (killed === null ? 0 : constants.signals[killed])))
    })
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
