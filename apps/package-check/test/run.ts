import { spawn } from 'node:child_process'

export interface Result {
  code: number | null
  /** What the program wrote, standard output and standard error together. */
  output: string
}

/** Runs a program to its end. A program that fails is a result like any other. */
export function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<Result> {
  // npm and npx are scripts on Windows.
  const shell = process.platform === 'win32' && program !== process.execPath
  const child = spawn(program, args, { cwd, shell, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  return new Promise((resolve, reject) => {
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}

/** Runs a program that must succeed. */
export async function mustRun(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, output } = await run(program, args, cwd)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${output}`)
  return output
}
