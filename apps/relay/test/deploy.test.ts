import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { relaySettings, relaySettingNames, type RelaySetting, variableOf } from '@deltawire/cli/relay-settings'
import { describe, expect, it } from 'vitest'

// Its types are a package of their own, for one function.
const { load } = createRequire(import.meta.url)('js-yaml') as { load(text: string): unknown }

const deploy = new URL('../deploy/', import.meta.url)
const root = new URL('../../../', import.meta.url)
const textOf = (name: string): Promise<string> => readFile(new URL(name, deploy), 'utf8')

const variables = new Set(
  relaySettingNames.flatMap((name) => {
    const { isSecret } = relaySettings[name] as RelaySetting<unknown>
    return isSecret === true ? [variableOf(name), `${variableOf(name)}_FILE`] : [variableOf(name)]
  }),
)

interface Service {
  readonly image?: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly environment?: { readonly [name: string]: string | number }
  readonly secrets?: readonly string[]
  readonly depends_on?: readonly string[]
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly stop_grace_period?: string
}
interface Compose {
  readonly services: { readonly [name: string]: Service }
  readonly secrets: { readonly [name: string]: { readonly file: string } }
  readonly volumes: object
}

/** What `DELTAWIRE_RELAY_…` a text names. */
const variablesIn = (text: string): string[] => [...new Set(text.match(/DELTAWIRE_RELAY_[A-Z_]+/g))]

describe('what is deployed', () => {
  it.each(['compose.yaml', 'Dockerfile', 'deltawire-relay.service'])(
    '%s names settings that there are',
    async (name) => {
      const named = variablesIn(await textOf(name))
      expect(named.length).toBeGreaterThan(0)
      expect(named.filter((one) => !variables.has(one))).toEqual([])
    },
  )

  it('the compose file is one: its services, files, secrets and volumes are there', async () => {
    const { services, secrets, volumes } = load(await textOf('compose.yaml')) as Compose
    expect(Object.keys(services)).toEqual(['node-1', 'node-2', 'redis', 'balancer'])
    for (const { build, depends_on = [], volumes: mounts = [], secrets: used = [], environment = {} } of Object.values(
      services,
    )) {
      if (build !== undefined) expect(existsSync(new URL(`${build.context}/${build.dockerfile}`, deploy))).toBe(true)
      expect(depends_on.filter((one) => !(one in services))).toEqual([])
      for (const mount of mounts) {
        const [from = ''] = mount.split(':')
        expect([from, from.startsWith('./') ? existsSync(new URL(from, deploy)) : from in volumes]).toEqual([
          from,
          true,
        ])
      }
      expect(used.filter((one) => !(one in secrets))).toEqual([])
      // Where a container has them.
      const files = Object.values(environment).filter((value) => String(value).startsWith('/run/secrets/'))
      expect(files.map((file) => String(file).slice('/run/secrets/'.length)).toSorted()).toEqual([...used].toSorted())
    }
    const first = await textOf('compose.yaml')
    // Who reads the file knows which files to make.
    for (const name of Object.keys(secrets)) expect(first.split('\n')[1]).toContain(name)
  })

  it('lets nodes leave in peace: what starts them waits longer than their grace', async () => {
    const { services } = load(await textOf('compose.yaml')) as Compose
    for (const name of ['node-1', 'node-2']) {
      const { stop_grace_period: period = '', environment } = services[name] ?? {}
      expect(Number.parseInt(period, 10) * 1000).toBeGreaterThan(Number(environment?.['DELTAWIRE_RELAY_GRACE_MS']))
    }
    const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(await textOf('deltawire-relay.service')) ?? []
    expect(Number(seconds) * 1000).toBeGreaterThan(relaySettings.graceMs.default ?? Infinity)
  })

  it('balances between the nodes of the compose file', async () => {
    const { services } = load(await textOf('compose.yaml')) as Compose
    const nodes = Object.keys(services).filter((name) => name.startsWith('node-'))
    for (const config of ['haproxy.cfg', 'nginx.conf']) {
      const text = await textOf(config)
      const servers = [...text.matchAll(/^ *server (?:node-\d )?(node-\d):8790/gm)].map(([, node]) => node)
      expect([config, servers]).toEqual([config, nodes])
    }
    expect(services['balancer']?.ports).toEqual(['8790:8790'])
  })

  it('the systemd unit is one, where there is somebody to ask', async ({ skip }) => {
    const analyze = spawnSync('systemd-analyze', ['--version'])
    skip(analyze.error !== undefined, 'systemd-analyze is not here')
    const folder = await mkdtemp(join(tmpdir(), 'deltawire-unit-'))
    try {
      const path = join(folder, 'deltawire-relay.service')
      await cp(new URL('deltawire-relay.service', deploy), path)
      const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' })
      // Units of this machine that are broken are not ours to mend.
      expect(stderr.split('\n').filter((line) => line.includes('deltawire-relay.service'))).toEqual([])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

/** The instructions of a Dockerfile, continued lines joined. */
const instructionsOf = (text: string): string[] =>
  text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line))

describe('the container', () => {
  it('has what it copies, runs as nobody special, and answers its own check of health', async () => {
    const instructions = instructionsOf(await textOf('Dockerfile'))
    const last = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM ')))
    expect(last).toContain('USER node')
    const { scripts } = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as { scripts: object }
    for (const run of instructions.filter((line) => line.startsWith('RUN ')))
      expect(scripts).toHaveProperty(/^RUN npm run (\w+)$/.exec(run)?.[1] ?? run)
    const image = await mkdtemp(join(tmpdir(), 'deltawire-image-'))
    try {
      // What the image holds, and nothing else of this repository.
      for (const line of last.filter((one) => one.startsWith('COPY --from=build '))) {
        const [, , from = '', to = ''] = line.split(' ')
        await cp(new URL(from.replace('/build/', ''), root), join(image, to), { recursive: true })
      }
      const env = Object.fromEntries(
        last
          .filter((one) => one.startsWith('ENV '))
          .flatMap((line) =>
            line
              .slice(4)
              .split(' ')
              .map((pair) => pair.split('=')),
          ),
      ) as { [name: string]: string }
      const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(last.join('\n'))?.[1] ?? '[]') as string[]
      const [, ...args] = entry.map((part) => (part.startsWith('/app/') ? join(image, part) : part))
      const settings = {
        PATH: process.env['PATH'],
        ...env,
        // This machine has no network of its own for it.
        DELTAWIRE_RELAY_HOST: '127.0.0.1',
        DELTAWIRE_RELAY_PORT: '0',
        DELTAWIRE_RELAY_UPSTREAM_URL: 'http://127.0.0.1:9/v1',
        DELTAWIRE_RELAY_UPSTREAM_KEY: 'none',
      }
      const relay = spawn(process.execPath, args, { cwd: image, env: settings, stdio: ['ignore', 'ignore', 'pipe'] })
      const exited = once(relay, 'exit')
      let said = ''
      for await (const text of relay.stderr) {
        said += String(text)
        if (said.includes('"listening"')) break
      }
      const [, port = ''] = /"origin":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(said) ?? [said]
      const check = JSON.parse(/^HEALTHCHECK .*?CMD (.*)$/m.exec(last.join('\n'))?.[1] ?? '[]') as string[]
      const healthOf = (at: string): number | null =>
        spawnSync(process.execPath, check.slice(1), { env: { ...settings, DELTAWIRE_RELAY_PORT: at } }).status
      expect([healthOf(port), healthOf('9')]).toEqual([0, 1])
      relay.kill('SIGTERM')
      expect((await exited)[0]).toBe(0)
    } finally {
      await rm(image, { recursive: true, force: true })
    }
  })
})
