import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The program that is published, or another build of it. */
export const binary =
  process.env['DELTAWIRE_BINARY'] ?? fileURLToPath(new URL('../../../../packages/cli/dist/main.js', import.meta.url))

/** A `deltawire relay` in a process of its own. */
export interface RelayNode {
  /** `http://127.0.0.1:8790` */
  readonly origin: string
  /** `ws://127.0.0.1:8790/v1/socket` */
  readonly socketURL: string
  readonly pid: number
  readonly isAlive: boolean
  /** It ended although nobody asked it to. */
  readonly hasCrashed: boolean
  /** Ends it as a power cut would. */
  kill(): Promise<void>
  /** Asks it to leave. Resolves to its exit code. */
  terminate(): Promise<number | null>
  freeze(): void
  thaw(): void
  /** What it said. */
  readonly log: readonly string[]
}

/**
 * Starts a node with settings as `DELTAWIRE_RELAY_…` names them, on a free port. Resolves when it listens.
 *
 * @param prefix what its command begins with, to run it elsewhere: a program that becomes the node
 */
export async function startNode(
  settings: Readonly<Record<string, string | number>>,
  prefix: readonly string[] = [],
): Promise<RelayNode> {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run pnpm build first`)
  const env = Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [`DELTAWIRE_RELAY_${name}`, String(value)]),
  )
  const [command, ...args] = [...prefix, process.execPath, binary, 'relay']
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], DELTAWIRE_RELAY_PORT: '0', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>
  const log: string[] = []
  const origin = await listening(child, exited, log)
  let isWanted = true
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null
  return {
    origin,
    socketURL: `${origin.replace('http', 'ws')}/v1/socket`,
    // It has one: it listens.
    pid: child.pid ?? 0,
    get isAlive() {
      return isAlive()
    },
    get hasCrashed() {
      return isWanted && !isAlive()
    },
    async kill() {
      if (isAlive()) isWanted = false
      if (isAlive()) child.kill('SIGKILL')
      await exited
    },
    async terminate() {
      if (isAlive()) isWanted = false
      if (isAlive()) child.kill('SIGTERM')
      const [code] = await exited
      return code
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    log,
  }
}

/** Resolves to the address that the log names, and goes on keeping the log. */
function listening(child: ChildProcess, exited: Promise<unknown>, log: string[]): Promise<string> {
  const { stderr } = child
  if (stderr === null) throw new Error('its standard error is piped')
  return new Promise((resolve, reject) => {
    createInterface({ input: stderr }).on('line', (line) => {
      log.push(line)
      const { 1: origin } = /"event":"listening","origin":"([^"]+)"/.exec(line) ?? []
      if (origin !== undefined) resolve(origin)
    })
    void exited.then(() => reject(new Error(`the node ended before it listened:\n${log.join('\n')}`)))
  })
}
