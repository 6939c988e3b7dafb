import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Environment } from '../io.ts'

export interface RunForTextOptions {
  readonly env: Environment
  readonly signal: AbortSignal
  /** Written to the program. Without it, the program has our own input: it may ask for a passphrase. */
  readonly input?: string
  /** @defaultValue `60_000`: somebody may have to type a passphrase */
  readonly timeoutMs?: number
}

/** Runs a program and resolves to what it prints. What it says on stderr the user sees. */
export async function runForText(
  [program = '', ...argv]: readonly string[],
  options: RunForTextOptions,
): Promise<string> {
  const { env, signal, input, timeoutMs = 60_000 } = options
  const { spawn } = await import('node:child_process')
  const child = spawn(program, argv, {
    env: { ...env },
    signal,
    timeout: timeoutMs,
    stdio: [input === undefined ? 'inherit' : 'pipe', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
  // A program that does not read what it is given has its reasons.
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) =>
      reject(failure(program, 'code' in error && error.code === 'ENOENT' ? 'not found' : error.message)),
    )
    child.once('close', resolve)
  })
  if (code !== 0) throw failure(program, code === null ? 'it did not end in time' : `exit code ${code}`)
  return output
}

function failure(program: string, reason: string): CliError {
  return new CliError(exitCode.configuration, `cannot run ${JSON.stringify(program)}: ${reason}`)
}
