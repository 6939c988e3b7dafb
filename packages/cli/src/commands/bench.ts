import type { StreamRequest } from '@deltawire/node'
import type { FlagValues, Run } from '../arguments/command.ts'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { metBy, parseCondition, type Condition } from '../bench/condition.ts'
import { promptOf } from '../bench/prompt-of.ts'
import { runCalls } from '../bench/run-calls.ts'
import { sampleCall } from '../bench/sample-call.ts'
import { sampleCapture } from '../bench/sample-capture.ts'
import type { Sample } from '../bench/sample.ts'
import { measureNames, summaryOf, type Summary } from '../bench/summary.ts'
import { watchConnects } from '../bench/watch-connects.ts'
import { writeSummary } from '../bench/write-summary.ts'
import { maxTokensField } from '../chat/build-request.ts'
import { createWaitingSign } from '../chat/waiting-sign.ts'
import { openEndpoint, type Endpoint } from '../endpoint.ts'
import { exitCode } from '../exit-code.ts'
import { fileOutput } from '../file-output.ts'
import type { Io } from '../io.ts'
import { jsonIn } from '../json-in.ts'
import { note } from '../report.ts'
import { expandSources, isEndpoint } from '../source/expand-sources.ts'
import { openSources } from '../source/open-source.ts'
import { readTextFile } from '../source/read-text-file.ts'
import { requestOf, textOrFile } from '../source/request-of.ts'
import type { flags } from './bench.command.ts'

type Flags = FlagValues<typeof flags>

interface Level {
  readonly summary: Summary
  readonly samples: readonly Sample[]
}

export const bench: Run<typeof flags> = async ({ flags, arguments: names }, io) => {
  const conditions = flags['fail-if'].map(conditionOf)
  const before = flags.compare === undefined ? [] : await readBefore(flags.compare, io)
  const file = flags.output === undefined ? undefined : await fileOutput(flags.output)
  const [first = ''] = names
  const isAsked = names.length === 1 && isEndpoint(first)
  if (isAsked && flags['base-url'] !== undefined) throw usageError('two endpoints are named: the URL and --base-url')
  const levels =
    names.length > 0 && !isAsked
      ? [await measureSources(names, flags, io)]
      : await measureEndpoint(isAsked ? { ...flags, 'base-url': first } : flags, io)
  const figures = {
    v: 1,
    type: 'bench',
    when: new Date(io.clock.date()).toISOString(),
    levels: levels.map(({ summary }) => summary),
  }
  await file?.write(`${JSON.stringify(figures, undefined, 2)}\n`)
  if (flags.json) await io.stdout.write(`${JSON.stringify(figures)}\n`)
  let isMet = false
  for (const [at, { summary, samples }] of levels.entries()) {
    const old = before.find(({ concurrency }) => concurrency === summary.concurrency)
    if (!flags.json) {
      if (at > 0) await io.stdout.write('\n')
      await writeSummary(io.stdout, summary, samples, { before: old, isAscii: flags.ascii })
    }
    for (const condition of conditions) {
      const value = metBy(condition, summary, old)
      if (value === undefined) continue
      isMet = true
      await io.stderr.write(
        `error: ${condition.text}: it is ${Number(value.toPrecision(4))}${condition.isChange ? ' %' : ''}\n`,
      )
    }
  }
  // Last: what was measured is printed also when it cannot be kept.
  await file?.flush()
  if (io.signal.aborted) throw io.signal.reason
  return isMet ? exitCode.findings : codeOf(levels)
}

/** Nothing but failures is no measurement. */
function codeOf(levels: readonly Level[]): number {
  const isMeasured = levels.some(({ summary }) => summary.runs > summary.failed)
  return isMeasured ? exitCode.complete : exitCode.broken
}

function conditionOf(text: string): Condition {
  const condition = parseCondition(text)
  if (condition !== undefined) return condition
  throw usageError(
    `there is no condition ${quote(text)}`,
    `it looks like ttft.p95>800ms or errors>0; the measures are ${measureNames.join(', ')}`,
  )
}

async function readBefore(path: string, io: Io): Promise<readonly Summary[]> {
  const { type, levels } = (jsonIn(await readTextFile(path, io)) ?? {}) as { type?: unknown; levels?: unknown }
  if (type === 'bench' && Array.isArray(levels)) return levels as Summary[]
  throw usageError(`there are no figures of deltawire bench in ${quote(path)}`)
}

async function measureSources(names: readonly string[], flags: Flags, io: Io): Promise<Level> {
  const samples: Sample[] = []
  for (const source of await openSources(await expandSources(names), flags, io)) {
    const sample = await sampleCapture(await source.open())
    if (sample === undefined) {
      throw usageError(`no times were recorded in ${quote(source.name)}`, 'deltawire record keeps them')
    }
    samples.push(sample)
  }
  return { samples, summary: summaryOf(samples, { concurrency: 1, wallMs: 0, connectsMs: [] }) }
}

const usualPrompt = 'Explain in about two hundred words how waves come into being, and why they break at the shore.'

/** What is asked, time after time. */
async function createRequests(flags: Flags, { baseURL }: Endpoint, io: Io): Promise<() => StreamRequest> {
  const { prompt, 'input-tokens': tokens, 'max-tokens': most } = flags
  const words = prompt === undefined ? [] : [await textOrFile(prompt, io)]
  const given = await requestOf(flags, tokens === undefined ? words : [promptOf(tokens, 0)], io, usualPrompt)
  const request = most === undefined ? given : { ...given, [maxTokensField(baseURL)]: most }
  if (tokens === undefined) return () => request
  let count = 0
  return () => ({
    ...request,
    messages: [...request.messages.slice(0, -1), { role: 'user', content: promptOf(tokens, count++) }],
  })
}

async function measureEndpoint(flags: Flags, io: Io): Promise<Level[]> {
  const endpoint = await openEndpoint(flags, io)
  const nextRequest = await createRequests(flags, endpoint, io)
  const { clock, signal, fetch } = io
  const call = () => sampleCall(nextRequest(), { endpoint, clock, fetch, signal })
  const load = { clock, signal, durationMs: flags.duration ?? Infinity, ratePerS: flags.rate ?? Infinity }
  const levels: Level[] = []
  for (const concurrency of flags.concurrency ?? [1]) {
    if (signal.aborted) break
    await runCalls(call, {
      ...load,
      concurrency: Math.min(concurrency, flags.warmup),
      requests: flags.warmup,
      durationMs: Infinity,
    })
    const connects = await watchConnects(clock)
    const startedAt = clock.now()
    const requests = flags.duration === undefined ? flags.requests : Infinity
    let done = 0
    const sign = flags.verbose ? undefined : createWaitingSign(io, flags, () => stepOf(done, requests, concurrency))
    const calls = runCalls(call, {
      ...load,
      concurrency,
      requests,
      onSample(sample) {
        done += 1
        if (flags.verbose) void note(io, flags, `answer ${done}: ${sample.error ?? `${Math.round(sample.totalMs)} ms`}`)
      },
    })
    await Promise.allSettled([calls])
    await sign?.stop()
    const samples = await calls
    connects.stop()
    const wallMs = clock.now() - startedAt
    levels.push({ samples, summary: summaryOf(samples, { concurrency, wallMs, connectsMs: connects.connectsMs }) })
  }
  return levels
}

const stepOf = (done: number, requests: number, concurrency: number): string =>
  `${done}${requests === Infinity ? '' : ` of ${requests}`} answers, ${concurrency} at a time`
