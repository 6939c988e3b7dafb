import { closest } from '../arguments/closest.ts'
import type { FlagValues, Run } from '../arguments/command.ts'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { createWaitingSign } from '../chat/waiting-sign.ts'
import { CliError } from '../cli-error.ts'
import { loadConfig } from '../config/load-settings.ts'
import { createProber } from '../doctor/create-prober.ts'
import { endpointChecks } from '../doctor/endpoint-checks.ts'
import { ownChecks } from '../doctor/own-checks.ts'
import { skip, type Check, type Outcome, type Prober, type Result } from '../doctor/check.ts'
import { modelOf, openEndpoint } from '../endpoint.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { createRecordingFolder } from '../recording/recording-file.ts'
import { createRedaction } from '../recording/redaction.ts'
import { colorsOn, type ColorName } from '../render/colors.ts'
import { visibleJson, visibleLine } from '../render/visible.ts'
import { wrap } from '../render/wrap.ts'
import type { flags } from './doctor.command.ts'

type Flags = FlagValues<typeof flags>

const checks: Readonly<Record<string, Check>> = { ...ownChecks, ...endpointChecks }

/** No request of ours is a long one. */
const usualTimeoutMs = 60_000

export const doctor: Run<typeof flags> = async ({ flags, arguments: [url] }, io) => {
  const wanted = wantedOf(flags.checks)
  if (flags.list) {
    for (const [name, { about }] of Object.entries(checks)) await io.stdout.write(`${name.padEnd(16)} ${about}\n`)
    return exitCode.complete
  }
  if (url !== undefined && !/^https?:\/\//.test(url)) {
    throw usageError(`${quote(url)} is no http URL`, 'it looks like http://127.0.0.1:8080/v1')
  }
  const prober = await proberOf(url === undefined ? flags : { ...flags, 'base-url': url }, io)
  const results = new Map<string, Result>()
  for (const name of wanted) {
    const result = await runWithSign(name, prober, results, flags, io)
    results.set(name, result)
    await report(name, result, flags, io)
  }
  const outcomes = [...results.values()].map(({ outcome }) => outcome)
  if (!flags.json) await io.stdout.write(`\n${countsOf(outcomes)}\n`)
  const isBad = outcomes.some((outcome) => outcome === 'fail' || (outcome === 'warn' && flags['fail-on'] === 'warn'))
  return isBad && flags['fail-on'] !== 'never' ? exitCode.findings : exitCode.complete
}

async function proberOf(flags: Flags, io: Io): Promise<Prober> {
  const endpoint = await openEndpoint(flags, io)
  const model = await modelOf(flags, io)
  if (model === '') {
    throw new CliError(exitCode.configuration, 'no model is chosen: give one with -m MODEL or in DELTAWIRE_MODEL')
  }
  const create = flags.dir === undefined ? undefined : await createRecordingFolder(flags.dir)
  return createProber({
    endpoint,
    model,
    config: await loadConfig(flags, io),
    io,
    redaction: createRedaction({ secrets: endpoint.secrets, names: [] }),
    timeoutMs: flags.timeout ?? usualTimeoutMs,
    open: create && ((name) => create(io.clock.date(), name)),
  })
}

/** The checks that are asked for, behind those that they need; in the order of the table. */
function wantedOf(given: readonly string[] | undefined): string[] {
  const names = Object.keys(checks)
  const wanted = new Set<string>()
  const add = (name: string) => {
    const check = checks[name]
    if (check === undefined) {
      const meant = closest(name, names)
      throw usageError(
        `there is no check ${quote(name)}`,
        meant === undefined ? `the checks are ${names.join(', ')}` : `did you mean ${meant}?`,
      )
    }
    for (const needed of check.needs ?? []) add(needed)
    wanted.add(name)
  }
  for (const name of given ?? names) add(name)
  return names.filter((name) => wanted.has(name))
}

async function runCheck(name: string, prober: Prober, results: ReadonlyMap<string, Result>): Promise<Result> {
  const check = checks[name]
  if (check === undefined) return skip('there is no such check')
  const missing = check.needs?.find((needed) => ['fail', 'skip'].includes(results.get(needed)?.outcome ?? 'skip'))
  return missing === undefined ? check.run(prober) : skip(`${missing} has to work before`)
}

/** A check may take as long as a model thinks: a person sees that it goes on. */
async function runWithSign(
  name: string,
  prober: Prober,
  results: ReadonlyMap<string, Result>,
  flags: Flags,
  io: Io,
): Promise<Result> {
  const sign = createWaitingSign(io, flags)
  try {
    return await runCheck(name, prober, results)
  } finally {
    await sign.stop()
  }
}

const colorOf: { readonly [O in Outcome]: ColorName } = { pass: 'green', warn: 'yellow', fail: 'red', skip: 'dim' }

async function report(name: string, { outcome, message }: Result, flags: Flags, io: Io): Promise<void> {
  const about = checks[name]?.about ?? ''
  if (flags.json) {
    await io.stdout.write(
      `${visibleJson(JSON.stringify({ v: 1, type: 'check', check: name, outcome, about, message }))}\n`,
    )
    return
  }
  const paint = colorsOn(io.stdout, io.env)[colorOf[outcome]]
  const text = `${about}: ${visibleLine(message)}`
  const width = io.stdout.columns?.()
  const indent = width !== undefined && width < 60 ? 6 : 24
  const lines = width === undefined ? [text] : wrap(text, width - indent)
  const head = `${paint(outcome.toUpperCase().padEnd(4))}  ${indent === 6 ? `${name}\n      ` : `${name.padEnd(16)}  `}`
  await io.stdout.write(`${head}${lines.join(`\n${' '.repeat(indent)}`)}\n`)
}

function countsOf(outcomes: readonly Outcome[]): string {
  const order: readonly Outcome[] = ['pass', 'warn', 'fail', 'skip']
  return order.map((one) => `${outcomes.filter((outcome) => outcome === one).length} ${one}`).join(' · ')
}
