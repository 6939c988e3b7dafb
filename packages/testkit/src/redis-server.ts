import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'

/** A Redis server of a test, on a free port of this machine. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  /** A connection of the test's own. */
  readonly admin: Redis
  /** Kills it, as a power cut would. */
  kill(): Promise<void>
  /** Starts it again after {@link kill}, with what is on its disk. */
  start(): Promise<void>
  /** Lets it hang: it accepts connections, and answers nothing. */
  freeze(): void
  thaw(): void
  close(): Promise<void>
}

export interface RedisOptions {
  /** Writes each command to its disk at once. @defaultValue `true` */
  readonly keepsData?: boolean | undefined
  /** @defaultValue `false` */
  readonly isCluster?: boolean | undefined
  /** What its environment has besides ours. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** @param program the path of `redis-server` */
export async function startRedis(
  program: string,
  { keepsData = true, isCluster = false, env = {} }: RedisOptions = {},
): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'deltawire-redis-'))
  const port = await freePort()
  const options = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--enable-debug-command',
    'yes',
  ]
  const clustered = isCluster ? ['--cluster-enabled', 'yes'] : []
  const durable = keepsData ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    child = spawn(program, [...options, ...clustered, ...durable], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const { stdout } = child
    if (stdout === null) throw new Error('its output is piped')
    let said = ''
    for await (const text of stdout) {
      said += String(text)
      if (said.includes('Ready to accept connections')) break
    }
    if (!said.includes('Ready to accept')) throw new Error(`${program} did not start:\n${said}`)
    stdout.destroy()
  }

  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  await start()
  const admin = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null })
  admin.on('error', () => {})
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    admin,
    kill,
    start,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async close() {
      admin.disconnect()
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
