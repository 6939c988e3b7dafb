/** One line of the log: JSON, with the time first. */
export interface RelayLog {
  error(event: string, details?: LogDetails): void
  info(event: string, details?: LogDetails): void
  debug(event: string, details?: LogDetails): void
}

export type LogDetails = Readonly<Record<string, unknown>>

const levels = ['error', 'info', 'debug'] as const
export type LogLevel = (typeof levels)[number]

export interface RelayLogOptions {
  readonly level: LogLevel
  /** What must never be logged: replaced wherever it stands. */
  readonly secrets: readonly string[]
  readonly date: () => number
  readonly write: (line: string) => void
}

/** A log of lines of JSON, for programs that collect them. No secret and no word of a conversation gets into it. */
export function createRelayLog({ level, secrets, date, write }: RelayLogOptions): RelayLog {
  // The longest first: one secret may be the beginning of another.
  const hidden = secrets.filter((secret) => secret.length > 0).sort((a, b) => b.length - a.length)

  function log(as: LogLevel, event: string, details: LogDetails = {}): void {
    if (levels.indexOf(as) > levels.indexOf(level)) return
    const line = JSON.stringify({ time: new Date(date()).toISOString(), level: as, event, ...details })
    write(
      `${hidden.reduce((text, secret) => text.replaceAll(JSON.stringify(secret).slice(1, -1), '[secret]'), line)}\n`,
    )
  }

  return {
    error: (event, details) => log('error', event, details),
    info: (event, details) => log('info', event, details),
    debug: (event, details) => log('debug', event, details),
  }
}

/** An error as it may be logged: its sentence and its code, not what it carries. */
export function logError(reason: unknown): LogDetails {
  if (!(reason instanceof Error)) return { error: String(reason) }
  const code = 'code' in reason && typeof reason.code === 'string' ? { code: reason.code } : {}
  return { error: `${reason.name}: ${reason.message}`, ...code }
}
