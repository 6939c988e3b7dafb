import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { metBy, parseCondition } from '../src/bench/condition.ts'
import { histogram } from '../src/bench/histogram.ts'
import { runCalls } from '../src/bench/run-calls.ts'
import { promptOf } from '../src/bench/prompt-of.ts'
import type { Sample } from '../src/bench/sample.ts'
import { sparkline } from '../src/bench/sparkline.ts'
import { spreadOf } from '../src/bench/statistics.ts'
import { summaryOf, type Summary } from '../src/bench/summary.ts'
import { systemClock } from '../src/clock.ts'
import { createMockServer, type MockServer, type MockServerOptions } from '../src/mock/create-mock-server.ts'
import { parseFault } from '../src/mock/fault.ts'
import { encodeHead, encodeLine, lineOf } from '../src/recording/encode-recording.ts'
import { splitEvents } from '../src/mock/split-events.ts'
import { demoBytes } from '../src/source/demo.ts'
import { createFakeClock } from './fake-clock.ts'
import { runCli } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'deltawire-bench-'))
afterAll(() => rmSync(folder, { recursive: true }))

const servers: MockServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function mock(options: MockServerOptions = {}) {
  const server = await createMockServer(options)
  servers.push(server)
  return { OPENAI_BASE_URL: server.baseURL, OPENAI_API_KEY: 'k', DELTAWIRE_MODEL: 'demo:reasoning' }
}

interface Figures {
  v: number
  levels: (Summary & { measures: Record<string, { count: number; min: number; p50: number }> })[]
}

async function figures(argv: readonly string[], env: Record<string, string>): Promise<Figures> {
  const { stdout } = await runCli(['bench', '--json', ...argv], { env, clock: systemClock })
  return JSON.parse(stdout) as Figures
}

/** A recording of the demonstration in which every event came at a time of ours. */
function recording(name: string, atMs: (event: number) => number): string {
  const path = join(folder, name)
  const lines = splitEvents(demoBytes('reasoning')).map((bytes, event) =>
    encodeLine(lineOf({ atMs: atMs(event), bytes })),
  )
  const head = {
    v: 1,
    type: 'chat.recording',
    started: '2026-08-22T09:00:00.000Z',
    request: { method: 'POST', url: 'http://127.0.0.1/v1/chat/completions', headers: {} },
    response: { status: 200, headers: { 'content-type': 'text/event-stream' }, t: 80 },
    tool: 'deltawire 0.0.0',
  } as const
  writeFileSync(path, encodeHead(head) + lines.join(''))
  return path
}

const words = 20 // of the thoughts in demo:reasoning, each of which is a chunk

describe('bench', () => {
  test('tells a known speed within 5 %', { timeout: 60_000, retry: 2 }, async () => {
    const env = await mock({ pace: { firstChunkMs: 300, chunkMs: 20 } })
    const { levels } = await figures(['-n', '6'], env)
    const measures: Record<string, { min: number; p50: number } | undefined> = levels[0]?.measures ?? {}
    expect(levels[0]).toMatchObject({ runs: 6, failed: 0 })
    const isNear = (value: number | undefined, expected: number) => Math.abs((value ?? 0) / expected - 1) < 0.05
    // A machine that has other things to do makes some answers late, and none early: the first words of the quickest one.
    expect(measures).toSatisfy(() => isNear(measures['ttft']?.min, 300))
    expect(measures).toSatisfy(() => isNear(measures['firstReasoning']?.min, 300))
    expect(measures).toSatisfy(() => isNear(measures['chunkRate']?.p50, 50))
    expect(measures).toSatisfy(() => isNear(measures['gap']?.p50, 20))
  })

  test('tells headers, first byte, first chunk, first thought and first word of the answer apart', async () => {
    const path = recording('apart.jsonl', (event) => (event === 0 ? 120 : 1000 + event * 10))
    const { levels } = await figures([path], {})
    const { measures, chunks, tokens, isEstimated } = levels[0] ?? {}
    expect(measures).toMatchObject({
      headers: { p50: 80 },
      firstByte: { p50: 120 },
      firstChunk: { p50: 120 },
      firstReasoning: { p50: 1010 },
      firstContent: { p50: 1010 + words * 10 },
      ttft: { p50: 1010 },
      gap: { p50: 10, max: 10 },
      chunkRate: { p50: 100 },
    })
    expect({ chunks, tokens, isEstimated }).toMatchObject({ tokens: 43, isEstimated: false })
    // A chunk is no token.
    const carrying = measures?.['gap'] ? (measures['gap'].count ?? 0) + 1 : 0
    expect(measures?.['tokenRate']?.p50).toBeCloseTo((100 * 43) / carrying, 5)
    expect(chunks).toBe(carrying + 3)
  })

  test('marks what it had to guess', async () => {
    const path = recording('guess.jsonl', (event) => 100 + event)
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/\\"usage\\":\{[^\n]*?\}\}/g, '\\"usage\\":null'))
    const { stdout } = await runCli(['bench', path])
    expect(stdout).toMatch(/^1 answer · 1 at a time · \d+ chunks · ~\d+ tokens\n/)
    expect(stdout).toMatch(/\ntokenRate +~/)
    expect(stdout).not.toMatch(/\nchunkRate +~/)
  })

  test('counts failures by their kind, and is no measurement when there is nothing else', async () => {
    const fault = (text: string) => [parseFault(text)].filter((one) => one !== undefined)
    const refusing = await mock({ faults: fault('status:503:times=2') })
    const { levels } = await figures(['-n', '3', '--warmup', '0'], refusing)
    expect(levels[0]).toMatchObject({ runs: 3, failed: 2, errors: { http_503: 2 } })
    const cutting = await mock({ faults: fault('cut@chunk:5') })
    const { code, stdout } = await runCli(['bench', '-n', '2', '--warmup', '0'], { env: cutting, clock: systemClock })
    expect(code).toBe(7)
    expect(stdout).toContain('2 failed (connection_lost 2)')
    expect(
      (
        await runCli(['bench', '-n', '1', '--warmup', '0', '--fail-if', 'errors>0'], {
          env: cutting,
          clock: systemClock,
        })
      ).code,
    ).toBe(1)
  })

  test('measures level by level, and counts no warm-up', async () => {
    let answers = 0
    const env = await mock({ onAnswer: () => (answers += 1) })
    const { levels } = await figures(['-n', '3', '-c', '1,2', '--warmup', '2'], env)
    expect(levels.map(({ concurrency, runs }) => [concurrency, runs])).toEqual([
      [1, 3],
      [2, 3],
    ])
    expect(answers).toBe(2 * (3 + 2))
    expect(levels[0]?.connect?.count ?? 0).toBeLessThanOrEqual(1)
  })

  test('tells how long it takes to connect', async () => {
    const { levels } = await figures(['-n', '2', '-c', '2', '--warmup', '0'], await mock())
    expect(levels[0]?.connect).toMatchObject({ count: expect.any(Number) as unknown })
  })

  test('compares with an earlier run, and fails on a condition', async () => {
    const old = join(folder, 'old.json')
    const before = recording('before.jsonl', (event) => 100 + event * 10)
    const after = recording('after.jsonl', (event) => 200 + event * 11)
    expect((await runCli(['bench', before, '-o', old])).code).toBe(0)
    const { code, stdout, stderr } = await runCli([
      'bench',
      after,
      '--compare',
      old,
      '--fail-if',
      'gap.p50>+5%',
      '--fail-if',
      'ttft.p95>300ms',
    ])
    expect(stdout).toMatch(/\ngap .*10\.0 ms +\+10\.0 %/)
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'error: gap.p50>+5%: it is 10 %\n' })
    expect((await runCli(['bench', after, '--fail-if', 'ttft>0.2s', '-q'])).code).toBe(1)
    expect((await runCli(['bench', after, '--fail-if', 'ttft>0.3s'])).code).toBe(0)
    for (const argv of [
      ['--fail-if', 'ttft'],
      ['--fail-if', 'tfft>3ms'],
      ['--compare', join(folder, 'none.json')],
      ['--compare', after],
    ]) {
      expect((await runCli(['bench', after, ...argv])).code).toBe(2)
    }
  })

  test('needs times', async () => {
    expect(await runCli(['bench', 'demo:text'])).toMatchObject({
      code: 2,
      stderr: 'error: no times were recorded in "demo:text"\nhint: deltawire record keeps them\n',
    })
    expect((await runCli(['bench', '-m', 'm'])).code).toBe(3)
  })

  test('reads what record writes', async () => {
    const env = await mock({ pace: { firstChunkMs: 40, chunkMs: 5 } })
    const { stdout } = await runCli(['record', 'Hello'], { env, clock: systemClock })
    const path = join(folder, 'recorded.jsonl')
    writeFileSync(path, stdout)
    const { levels } = await figures([path], {})
    expect(levels[0]?.measures['ttft']?.p50).toBeGreaterThan(38)
  })
})

describe('a prompt of so many tokens', () => {
  test.each([1, 5, 20, 1000, 20_000])('has them, exactly counted: %i', (tokens) => {
    const text = promptOf(tokens, 3)
    expect(Math.abs(countTokens(text) / tokens - 1)).toBeLessThan(tokens < 10 ? 0.5 : 0.1)
    expect(promptOf(tokens, 3)).toBe(text)
  })

  test('is another one each time', () => {
    const prompts = Array.from({ length: 50 }, (_, number) => promptOf(100, number))
    expect(new Set(prompts).size).toBe(50)
    // They part behind the opening.
    expect(new Set(prompts.map((prompt) => prompt.slice(0, 50))).size).toBe(50)
  })
})

describe('the load', () => {
  const sample: Sample = { tokenTimesMs: [], totalMs: 1, chunks: 0, tokens: 0, isEstimated: false }
  const load = {
    concurrency: 1,
    requests: 5,
    durationMs: Infinity,
    ratePerS: Infinity,
    signal: new AbortController().signal,
  }

  test('never has more calls going than it may', async () => {
    let open = 0
    let most = 0
    const call = async () => {
      most = Math.max(most, ++open)
      await new Promise((resolve) => setImmediate(resolve))
      open--
      return sample
    }
    const samples = await runCalls(call, { ...load, concurrency: 3, requests: 10, clock: createFakeClock() })
    expect({ most, count: samples.length }).toEqual({ most: 3, count: 10 })
  })

  test('keeps a rate, and ends when its time is over', async () => {
    const clock = createFakeClock()
    await runCalls(async () => sample, { ...load, ratePerS: 4, clock })
    expect(clock.sleeps).toEqual([250, 250, 250, 250])
    const timed = await runCalls(async () => sample, {
      ...load,
      requests: Infinity,
      durationMs: 1000,
      ratePerS: 4,
      clock: createFakeClock(),
    })
    expect(timed.length).toBe(5)
  })
})

describe('the figures', () => {
  test('are quantiles between the values that surround them', () => {
    expect(spreadOf([])).toBeUndefined()
    expect(spreadOf([4, 1, 3, 2])).toMatchObject({
      count: 4,
      mean: 2.5,
      min: 1,
      p50: 2.5,
      max: 4,
      p90: expect.closeTo(3.7) as unknown,
    })
    expect(spreadOf([7])).toMatchObject({ p50: 7, p99: 7 })
  })

  test('are drawn so that one pause does not flatten the rest', () => {
    const values = [...Array.from({ length: 199 }, (_, at) => 10 + at / 100), 5000]
    const rows = histogram(values, { width: 20 })
    expect(rows.length).toBe(10)
    expect(rows.at(-1)).toContain('(up to 5000 ms)')
    const counts = rows.map((row) => Number(/ (\d+)(?: \(|$)/.exec(row)?.[1]))
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(200)
    expect(Math.min(...counts)).toBeGreaterThan(5)
    expect(histogram(values, { isAscii: true }).join('')).not.toMatch(/[^\n -~]/)
    expect(histogram([1])).toEqual([])
    expect(histogram([2, 2, 2]).length).toBe(10)
  })

  test('are drawn in their order', () => {
    expect(sparkline([1, 2, 3, 8])).toBe('▁▂▃█')
    expect(sparkline([1, 2, 3, 8], { isAscii: true })).toBe('_.-@')
    expect(sparkline([5, 5])).toBe('▁▁')
    expect(sparkline([])).toBe('')
    const many = sparkline(
      Array.from({ length: 1000 }, (_, at) => (at < 500 ? 1 : 9)),
      { width: 10 },
    )
    expect(many).toBe('▁▁▁▁▁█████')
  })

  test('are shown with their course: from answer to answer, and along an answer', async () => {
    const slowing = (startMs: number) => (event: number) => startMs + event * event
    const names = [100, 200, 150].map((startMs) => recording(`slowing-${startMs}.jsonl`, slowing(startMs)))
    const { stdout } = await runCli(['bench', ...names])
    expect(stdout).toContain('\nttft, from answer to answer  ▁█▅  101 ms – 201 ms\n')
    expect(stdout).toMatch(/\ngap, along an answer {9}▁+▂+▃+▄+▅+▆+▇+█+ {2}3\.00 ms – \d+\.\d ms\n$/)
    const ascii = (await runCli(['bench', ...names, '--ascii'])).stdout
    expect(ascii.slice(ascii.indexOf('between'))).not.toMatch(/[^\n -~]/)
    // One answer has no course.
    expect((await runCli(['bench', names[0] ?? ''])).stdout).not.toContain('from answer to answer')
  })

  test.each([
    ['ttft.p95>800ms', { what: { measure: 'ttft', of: 'p95' }, isAbove: true, limit: 800, isChange: false }],
    ['ttft>0.8s', { what: { measure: 'ttft', of: 'p50' }, limit: 800 }],
    [' tokenRate.min < 20 ', { what: { measure: 'tokenRate', of: 'min' }, isAbove: false, limit: 20 }],
    ['gap.p50>+10%', { isChange: true, limit: 10 }],
    ['connect.max>5', { what: { measure: 'connect', of: 'max' } }],
    ['errors>0', { what: 'errors' }],
  ])('judge the condition %s', (text, expected) => {
    expect(parseCondition(text)).toMatchObject(expected)
  })

  test('judge nothing where there is nothing', () => {
    const empty = summaryOf([], { concurrency: 1, wallMs: 0, connectsMs: [] })
    const condition = parseCondition('ttft>1ms')
    const change = parseCondition('ttft>1%')
    if (condition === undefined || change === undefined) throw new Error('no condition')
    expect(metBy(condition, empty, undefined)).toBeUndefined()
    const some = summaryOf([{ tokenTimesMs: [5], totalMs: 9, chunks: 1, tokens: 1, isEstimated: false }], {
      concurrency: 1,
      wallMs: 9,
      connectsMs: [],
    })
    expect(metBy(condition, some, undefined)).toBe(5)
    expect(metBy(change, some, undefined)).toBeUndefined()
    for (const text of ['ttft>', '>3', 'ttft.p42>3', 'errors>3ms', 'errors.p50>1', 'ttft=3'])
      expect(parseCondition(text)).toBeUndefined()
  })
})
