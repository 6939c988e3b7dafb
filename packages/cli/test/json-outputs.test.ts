import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020, type AnySchemaObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { commands } from '../src/commands/table.ts'
import { createMockServer } from '../src/mock/create-mock-server.ts'
import { parseFault } from '../src/mock/fault.ts'
import { jsonOutputs, type JsonOutput } from '../src/reference/json-outputs.ts'
import { demoBytes } from '../src/source/demo.ts'
import { runCli, type CliOptions } from './run-cli.ts'
import { serving } from './serving.ts'
import { tempHome } from './temp-home.ts'

const folder = fileURLToPath(new URL('../schemas', import.meta.url))
const schemaOf = new Map(
  readdirSync(folder).map((name) => [
    name.replace('.schema.json', ''),
    JSON.parse(readFileSync(join(folder, name), 'utf8')) as AnySchemaObject,
  ]),
)

/**
 * The schemas with no field that they do not name, but where they say that there can be others: the tests know of every
 * field that is written, and a reader has to take new ones.
 */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const own = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  return 'properties' in own && !('additionalProperties' in own) ? { ...own, additionalProperties: false } : own
}

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true })
for (const schema of schemaOf.values()) ajv.addSchema(closed(schema) as AnySchemaObject)

function validatorOf(name: string): ValidateFunction {
  const validate = ajv.getSchema(`${name}.schema.json`)
  if (validate === undefined) throw new Error(`there is no schema ${name}`)
  return validate
}

const home = tempHome()

const servers: { close: () => Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

const run = (argv: readonly string[], options: CliOptions = {}) =>
  runCli(argv, {
    clock: systemClock,
    ...options,
    env: { ...home.env, DELTAWIRE_MODEL: 'demo:text', ...options.env },
    cwd: home.path,
  })

async function mocked(...faults: string[]): Promise<Record<string, string>> {
  const given = faults.map(parseFault).filter((fault) => fault !== undefined)
  const server = await createMockServer({ faults: given })
  servers.push(server)
  return { OPENAI_BASE_URL: server.baseURL, OPENAI_API_KEY: 'mock' }
}

/** A history with a partial answer, a tool call and thoughts in it. */
async function talk(): Promise<void> {
  await run(['--title', 'Waves', '-m', 'demo:reasoning', 'Which is larger?'])
  await run(['-c', '-m', 'demo:tools', 'And the weather?'])
  await run(['--title', 'Cut', '-m', 'demo:cut', 'Hello'])
  await run(['--record', 'Hello'], { env: await mocked() })
}

const demos = ['text', 'tools', 'reasoning', 'tour', 'n2', 'refusal', 'utf8', 'cut', 'error']
const ofDemos =
  (...argv: readonly string[]) =>
  async () =>
    Promise.all(demos.map(async (demo) => (await run([...argv, `demo:${demo}`])).stdout))

const once =
  (...calls: readonly (readonly string[])[]) =>
  async () =>
    Promise.all(calls.map(async (argv) => (await run(argv)).stdout))

async function afterTalk(...argv: readonly string[]): Promise<string[]> {
  await talk()
  return [(await run(argv)).stdout]
}

/** What is written, by every way that leads to another field. */
const outputs: { readonly [call: string]: () => Promise<readonly string[]> } = {
  'ask --json': async () => [
    ...(await Promise.all(
      demos.map(async (demo) => (await run(['ask', '--json', '-m', `demo:${demo}`, 'Hi'])).stdout),
    )),
    (await run(['ask', '--json', '--record', 'Hi'], { env: await mocked() })).stdout,
    (await run(['ask', '--json', '--retries', '0', 'Hi'], { env: await mocked('status:503') })).stdout,
  ],
  'ask --jsonl': async () =>
    Promise.all(demos.map(async (demo) => (await run(['ask', '--jsonl', '-m', `demo:${demo}`, 'Hi'])).stdout)),
  'compare --json': once(['compare', '-m', 'demo:text', '-m', 'demo:cut', '-m', 'demo:tools', '--json', 'Hi']),
  'models --json': async () => {
    home.write('config/deltawire/config.json', '{ "aliases": { "fast": "demo:text" } }')
    return [(await run(['models', '--json'])).stdout]
  },
  'history ls --json': () => afterTalk('history', 'ls', '--json'),
  'history show --json': async () => [
    ...(await afterTalk('history', 'show', '--json')),
    ...(await once(['history', 'show', 'Waves', '--json'], ['history', 'show', 'Cut', '--json'])()),
  ],
  'history search --json': () => afterTalk('history', 'search', '--json', 'hello'),
  'history export --format json': () => afterTalk('history', 'export', 'Waves', '--format', 'json'),
  'history export --all': () => afterTalk('history', 'export', '--all'),
  merge: ofDemos('merge'),
  'merge --tool-calls': async () => [
    ...(await ofDemos('merge', '--tool-calls')()),
    ...(await ofDemos('merge', '--tool-calls', '--all')()),
  ],
  'merge --usage': ofDemos('merge', '--usage'),
  'merge --progressive': ofDemos('merge', '--progressive'),
  'convert --to completion': ofDemos('convert', '--to', 'completion'),
  'convert --to jsonl': ofDemos('convert', '--to', 'jsonl'),
  'convert --to recording': async () => [
    ...(await ofDemos('convert', '--to', 'recording')()),
    (await run(['convert', '--to', 'recording'], { stdin: [demoBytes('utf8').subarray(0, 300)] })).stdout,
  ],
  'split --format jsonl': ofDemos('split', '--format', 'jsonl'),
  'replay --format jsonl': ofDemos('replay', '--speed', '0', '--format', 'jsonl'),
  'tail --format jsonl': async () => {
    const path = home.write('tour.sse', demoBytes('tour'))
    return [(await run(['tail', path, '--format', 'jsonl'])).stdout]
  },
  record: async () => [
    (await run(['record', '-m', 'demo:utf8', 'Hi'], { env: await mocked('split@char') })).stdout,
    (await run(['record', 'Hi'], { env: await mocked('close-rst@chunk:3') })).stdout,
  ],
  'lint --json': async () => ofDemos('lint', '--level', 'info', '--json')(),
  'lint --rules --json': once(['lint', '--rules', '--json']),
  'diff --json': async () => [
    ...(await ofDemos('diff', '--json', '--chunks', '--timing', '--strict', 'demo:text')()),
    (await run(['diff', 'demo:text', '-', '--json'], { stdin: [demoBytes('text').subarray(0, 900)] })).stdout,
  ],
  'view --json': async () => {
    const recorded = (await run(['record', 'Hi'], { env: await mocked() })).stdout
    return [...(await ofDemos('view', '--json')()), (await run(['view', '--json'], { stdin: recorded })).stdout]
  },
  'bench --json': async () => {
    const argv = ['bench', '--json', '-n', '3', '--warmup', '0']
    return [
      (await run(argv, { env: { ...(await mocked()), DELTAWIRE_MODEL: 'demo:tour' } })).stdout,
      (await run(argv, { env: await mocked('status:503:times=2') })).stdout,
    ]
  },
  'doctor --json': async () => [(await run(['doctor', '--json'], { env: await mocked() })).stdout],
  'relay-check --json': async () => {
    let checked = ''
    await serving(['relay', 'demo:text', '--port', '0', '--ttft', '0', '--tps', '0'], async (url) => {
      const address = `${url.replace('http', 'ws')}/v1/socket`
      checked = (await run(['relay-check', address, '-m', 'demo:text', '--only', 'stops', '--json'])).stdout
    })
    return [checked]
  },
  'config show --json': once(['config', 'show', '--json'], ['config', 'show', '--json', '--origin']),
}

/** The values of an output; a merge of nothing is nothing, and of what has not begun `null`. */
function valuesOf(text: string, { each }: JsonOutput): unknown[] {
  const parts = each === 'line' ? text.split('\n') : [text]
  return parts.filter((part) => part.trim() !== '' && part.trim() !== 'null').map((part) => JSON.parse(part) as unknown)
}

describe('the schemas of the outputs', () => {
  test.each(jsonOutputs)('$call is as $schemas', { timeout: 120_000 }, async (output) => {
    const written = (await outputs[output.call]?.()) ?? []
    const values = written.flatMap((text) => valuesOf(text, output))
    expect(values.length).toBeGreaterThan(0)
    const validators = output.schemas.map(validatorOf)
    const seen = new Set<ValidateFunction>()
    for (const value of values) {
      const fitting = validators.find((validate) => validate(value))
      const errors = validators.map((validate) => ajv.errorsText(validate.errors))
      expect(fitting === undefined ? { value, errors } : undefined).toBeUndefined()
      if (fitting !== undefined) seen.add(fitting)
    }
    // A schema that nothing follows would say nothing.
    expect(seen.size).toBe(validators.length)
  })

  test('refuse what is not so', async () => {
    const [line = ''] = (await run(['view', 'demo:text', '--json'])).stdout.split('\n')
    const event = JSON.parse(line) as Record<string, unknown>
    const isEvent = (value: unknown) => validatorOf('event')(value)
    expect(isEvent(event)).toBe(true)
    const { offset: _, ...without } = event
    for (const wrong of [{ ...event, more: 1 }, { ...event, v: 2 }, { ...event, at_ms: 'now' }, without, [], null]) {
      expect(isEvent(wrong)).toBe(false)
    }
    expect(validatorOf('recording')([1, 'q', 'x'])).toBe(false)
  })

  test('are those of the table, with titles, and each is found by its name', () => {
    const used = new Set(jsonOutputs.flatMap(({ schemas }) => schemas))
    expect([...used].toSorted()).toEqual([...schemaOf.keys()].toSorted())
    for (const [name, schema] of schemaOf) {
      expect(schema).toMatchObject({ $id: `${name}.schema.json`, title: expect.any(String) as unknown })
    }
  })

  test('are there for every --json and --jsonl of a command', () => {
    const given = commands.flatMap(({ name, flags }) =>
      ['json', 'jsonl'].filter((flag) => flag in flags).map((flag) => ({ name, flag: `--${flag}` })),
    )
    const missing = given.filter(
      ({ name, flag }) => !jsonOutputs.some(({ call }) => call.startsWith(`${name} `) && call.endsWith(flag)),
    )
    expect(missing).toEqual([])
  })

  test('are part of the package', () => {
    const { files, publishConfig } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      files: string[]
      publishConfig: { exports: Record<string, string> }
    }
    expect(files).toContain('schemas')
    expect(publishConfig.exports).toHaveProperty(['./schemas/*'])
  })
})
