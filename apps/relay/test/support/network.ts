import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'

/** A cable between this machine and a machine that is none: a namespace of the kernel with a network of its own. */
export interface Cable {
  /** This end, and the other one. */
  readonly here: string
  readonly there: string
  /** Pulls it: packets of both directions are lost, and nobody is told. */
  pull(): void
  plug(): void
  /** Loses what goes there, and carries what comes back. */
  loseThere(): void
  /** Carries so many bits a second from there, and no more. */
  slowDown(bits: number): void
}

/** A machine that is none, with some cables. */
export interface Machine {
  /** What a command has to begin with to run there. */
  readonly prefix: readonly string[]
  readonly cables: readonly Cable[]
  close(): void
}

const isOk = (command: string, ...args: readonly string[]): boolean => spawnSync(command, args).status === 0

function must(command: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
}

/** Why there can be no machines here; `undefined` where there can. Linux, and root, and iproute2. */
export function machinesMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root makes namespaces of the network'
  if (!existsSync('/proc/self/ns/net')) return 'this kernel has no namespaces of the network'
  const name = `dw-try-${process.pid}`
  if (!isOk('ip', 'netns', 'add', name)) return 'ip makes no namespaces of the network here (apt-get install iproute2)'
  must('ip', 'netns', 'del', name)
  return undefined
}

let made = 0

/** Makes a machine. Its addresses are of a range that is nobody's (RFC 2544). */
export function createMachine(cables: number): Machine {
  const number = ++made
  const name = `dw-${process.pid}-${number}`
  must('ip', 'netns', 'add', name)
  const inside = (...args: readonly string[]): void => must('ip', '-n', name, ...args)
  inside('link', 'set', 'lo', 'up')
  return {
    prefix: ['ip', 'netns', 'exec', name],
    cables: Array.from({ length: cables }, (_, at) => {
      const place = `198.18.${number}.${at * 4}`
      const [here, there] = [1, 2].map((end) => place.replace(/\d+$/, String(at * 4 + end)))
      if (here === undefined || there === undefined) throw new Error('a cable has two ends')
      const link = `dw${process.pid % 100_000}-${number}${at}`
      must('ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', `eth${at}`, 'netns', name)
      must('ip', 'addr', 'add', `${here}/30`, 'dev', link)
      inside('addr', 'add', `${there}/30`, 'dev', `eth${at}`)
      inside('link', 'set', `eth${at}`, 'up')
      must('ip', 'link', 'set', link, 'up')
      return {
        here,
        there,
        pull: () => must('ip', 'link', 'set', link, 'down'),
        plug() {
          must('ip', 'link', 'set', link, 'up')
          spawnSync('ip', ['route', 'del', 'blackhole', there])
        },
        loseThere: () => must('ip', 'route', 'add', 'blackhole', there),
        slowDown(bits) {
          const qdisc = ['qdisc', 'add', 'dev', `eth${at}`, 'root', 'tbf']
          must('tc', '-n', name, ...qdisc, 'rate', `${bits}bit`, 'burst', '1600', 'latency', '500ms')
        },
      }
    }),
    close() {
      for (let at = 0; at < cables; at++)
        spawnSync('ip', ['route', 'del', 'blackhole', `198.18.${number}.${at * 4 + 2}`])
      // Its cables go with it.
      must('ip', 'netns', 'del', name)
    },
  }
}

/** Leads from an address of this machine to a port of it that listens on the loopback alone. @returns its port */
export async function leadTo(port: number, address: string): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy()).on('close', () => (other.destroy(), sockets.delete(one)))
      one.setNoDelay().pipe(other)
    }
  })
  server.listen(0, address)
  await once(server, 'listening')
  const at = server.address()
  if (at === null || typeof at === 'string') throw new Error('a listening server has a port')
  return {
    port: at.port,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
