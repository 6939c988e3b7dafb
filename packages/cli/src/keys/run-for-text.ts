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
  /** In characters. @defaultValue `16 * 1024 * 1024`: as much as a prompt may have */
  readonly maxLength?: number
}

/** Runs a program and resolves to what it prints. What it says on stderr the user sees. */
export async function runForText(
  [program = '', ...argv]: readonly string[],
  options: RunForTextOptions,
): Promise<string> {
  const { env, signal, input, timeoutMs = 60_000, maxLength = 16 * 1024 * 1024 } = options
  const { spawn } = await import('node:child_process')
  const child = spawn(program, argv, {
    env: { ...env },
    signal,
    stdio: [input === undefined ? 'inherit' : 'pipe', 'pipe', 'inherit'],
  })
  // Our own, and not that of spawn: it goes on for a program that never began, and keeps the process alive.
  let late: NodeJS.Timeout | undefined
  try {
    return await new Promise<string>((resolve, reject) => {
      let output = ''
      const fail = (reason: string) => reject(failure(program, reason))
      late = setTimeout(() => fail('it did not end in time'), timeoutMs)
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (output.length > maxLength) fail(`it prints more than ${maxLength} characters`)
      })
      // A program that does not read what it is given has its reasons.
      child.stdin?.on('error', () => {})
      child.stdin?.end(input)
      child.on('error', (error) => fail('code' in error && error.code === 'ENOENT' ? 'not found' : error.message))
      child.once('close', (code, killedBy) => {
        if (code === 0) resolve(output)
        else fail(code === null ? `ended by ${killedBy}` : `exit code ${code}`)
      })
    })
  } finally {
    clearTimeout(late)
    // What it has started may go on, and hold the other end.
    child.stdout?.destroy()
    child.kill()
  }
}

function failure(program: string, reason: string): CliError {
  return new CliError(exitCode.configuration, `cannot run ${JSON.stringify(program)}: ${reason}`)
}
