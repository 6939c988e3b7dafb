/** Why the command line itself cannot be served. Exit codes as in `exit-code.ts`. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: number
  /** What to do about it, in one line. */
  readonly hint: string | undefined

  constructor(exitCode: number, message: string, hint?: string) {
    super(message)
    this.exitCode = exitCode
    this.hint = hint
  }
}
