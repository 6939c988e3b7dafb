import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '@deltawire/testkit/free-port'
import type { RelayNode } from './relay-node.ts'

/** A balancer that people deploy, and how it is started with a configuration of `apps/relay/deploy`. */
export interface BalancerKind {
  readonly config: string
  /** @param folder where it may write */
  readonly args: (path: string, folder: string) => readonly string[]
  /** What only this machine needs: folders of its own. */
  readonly adapt?: (config: string, folder: string) => string
}

export const BALANCERS = {
  haproxy: { config: 'haproxy.cfg', args: (path) => ['-db', '-f', path] },
  nginx: {
    config: 'nginx.conf',
    args: (path, folder) => ['-p', folder, '-c', path, '-g', `daemon off; pid ${folder}/pid; error_log stderr;`],
    adapt: (config, folder) =>
      config.replace(
        'http {',
        ['http {', 'access_log off;', ...TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};`)].join('\n'),
      ),
  },
} as const satisfies { readonly [name: string]: BalancerKind }

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

export interface Balancer {
  readonly origin: string
  readonly socketURL: string
  close(): Promise<void>
}

async function untilListening(port: number, hasEnded: () => boolean): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isThere) return
    if (hasEnded()) throw new Error('the balancer ended before it listened')
    await sleep(50)
  }
}

/** Starts a balancer with the configuration that is deployed, but for the addresses: those of these nodes. */
export async function startBalancer(
  program: string,
  { config, args, adapt = (text) => text }: BalancerKind,
  nodes: readonly RelayNode[],
): Promise<Balancer> {
  const folder = await mkdtemp(join(tmpdir(), 'deltawire-balancer-'))
  const port = await freePort()
  const deployed = await readFile(new URL(`../../deploy/${config}`, import.meta.url), 'utf8')
  const here = nodes.reduce(
    (text, { origin }, at) => text.replaceAll(`node-${at + 1}:8790`, new URL(origin).host),
    deployed.replace('bind :8790', `bind 127.0.0.1:${port}`).replace('listen 8790', `listen 127.0.0.1:${port}`),
  )
  const path = join(folder, config)
  await writeFile(path, adapt(here, folder))
  const child = spawn(program, args(path, folder), { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = once(child, 'exit')
  let said = ''
  child.stderr.on('data', (text) => (said += String(text)))
  await untilListening(port, () => child.exitCode !== null).catch((reason: unknown) => {
    child.kill('SIGKILL')
    throw new Error(`${String(reason)}:\n${said}`)
  })
  return {
    origin: `http://127.0.0.1:${port}`,
    socketURL: `ws://127.0.0.1:${port}/v1/socket`,
    async close() {
      child.kill('SIGTERM')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}
