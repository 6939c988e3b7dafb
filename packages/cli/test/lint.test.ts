import { bytesOf, cases, type Case } from '@deltawire/testkit'
import { describeRecordings } from '@deltawire/testkit/describe'
import { repairs } from '@deltawire/core/repairs'
import { describe, expect, test } from 'vitest'
import { lintCapture, type Finding } from '../src/lint/lint-capture.ts'
import { profiles } from '../src/lint/profiles.ts'
import { ruleOf, rules, type RuleName } from '../src/lint/rules.ts'
import type { Read, RecordingHead } from '../src/recording/recording.ts'
import { demoBytes, demoNames } from '../src/source/demo.ts'
import { controlCharactersIn } from './control-characters.ts'
import { runCli } from './run-cli.ts'

async function* readsOf(...reads: readonly Read[]): AsyncGenerator<Read> {
  yield* reads
}

function headOf(response: Partial<RecordingHead['response']>, body?: unknown): RecordingHead {
  return {
    v: 1,
    type: 'chat.recording',
    started: '2026-08-22T09:00:00.000Z',
    request: { method: 'POST', url: 'http://127.0.0.1/v1/chat/completions', headers: {}, body },
    response: { status: 200, headers: { 'content-type': 'text/event-stream' }, t: 1, ...response },
    tool: 'deltawire 0.0.0',
  }
}

async function lintCase({ sse, content_type, options }: Case): Promise<Finding[]> {
  const head = content_type === undefined ? undefined : headOf({ headers: { 'content-type': content_type } })
  return lintCapture({ head, reads: readsOf({ atMs: undefined, bytes: bytesOf(sse) }) }, options)
}

async function lint(text: string, head?: RecordingHead, times: readonly number[] = []): Promise<Finding[]> {
  const bytes = bytesOf(text)
  const size = Math.ceil(bytes.length / Math.max(1, times.length))
  const reads = times.map((atMs, at) => ({ atMs, bytes: bytes.subarray(at * size, (at + 1) * size) }))
  return lintCapture({ head, reads: readsOf(...(reads.length === 0 ? [{ atMs: undefined, bytes }] : reads)) })
}

const chunk = (delta: object, finish_reason: string | null = null, more: object = {}) =>
  `data: ${JSON.stringify({ id: 'a', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason }], ...more })}\n\n`
const clean = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Hi' }),
  chunk({}, 'stop'),
  'data: [DONE]\n\n',
]

/** Cases that are as the format has it: what is in them is legal, and only hard for those who read it carelessly. */
const legal = new Set([
  '002-official-parallel-tools',
  '003-official-interleaved-tools',
  '004-official-custom-tool',
  '005-official-function-call',
  '006-official-refusal',
  '007-official-logprobs',
  '010-official-annotations',
  '011-official-moderation',
  '012-official-n2',
  '013-official-n2-first-chunk-index-1',
  '014-official-content-filter',
  '015-official-empty-length',
  '045-tool-arguments-legit-empty-object',
  '049-tool-arguments-trailing-whitespace',
  '050-tool-arguments-split-in-escape',
  '072-identical-deltas-not-duplicates',
  '082-finish-with-content',
  // A character is split between two reads of the network, which the body does not show.
  '160-utf8-split',
])

describe('lint', () => {
  test.each(cases.filter(({ name }) => !legal.has(name)))('finds what is odd about case $name', async (one) => {
    expect((await lintCase(one)).length).toBeGreaterThan(0)
  })

  test.each(cases.filter(({ name }) => legal.has(name)))('is silent about case $name', async (one) => {
    expect(await lintCase(one)).toEqual([])
  })

  const official = cases.filter(({ category }) => category.startsWith('A.'))
  test.each(official)('warns of nothing that the official server sends: case $name', async (one) => {
    const found = await lintCase(one)
    expect(found.filter(({ rule }) => ruleOf(rule).severity !== 'info')).toEqual([])
  })

  test('knows every repair of the normalizer as a rule, with the cases that it was made for', async () => {
    for (const [name, { cases: numbers }] of Object.entries(repairs)) {
      expect(rules).toHaveProperty([name])
      for (const number of numbers) {
        const one = cases.find((each) => each.name.startsWith(number))
        const found = one === undefined ? [] : await lintCase(one)
        expect({ name, number, found: found.map(({ rule }) => rule) }).toEqual({
          name,
          number,
          found: expect.arrayContaining([name]) as unknown,
        })
      }
    }
  })

  /** Rules of the framing and of the shape, each with a case that shows it. */
  const shown: Partial<Record<RuleName, string>> = {
    'not-event-stream': '156',
    'no-chunk': '134',
    'not-json': '137',
    'error-in-stream': '123',
    incomplete: '091',
    'done-missing': '090',
    'done-spelling': '153',
    'after-done': '154',
    'open-end': '254',
    crlf: '140',
    'carriage-return': '141',
    'mixed-line-ends': '251',
    'byte-order-mark': '252',
    'line-separator': '163',
    'no-space': '139',
    comment: '144',
    'event-fields': '146',
    'no-data': '147',
    'unknown-line': '130',
    'empty-data': '148',
    'data-in-lines': '150',
    'blank-line-missing': '151',
    'events-glued': '152',
    'long-event': '170',
    'content-type': '131',
    'role-missing': '060',
    'role-repeated': '059',
    'choice-index-missing': '113',
    'choice-index-gap': '166',
    'choice-repeated': '115',
    'choices-not-list': '099',
    'model-missing': '107',
    'finish-reason-missing': '089',
    'finish-reason-absent': '081',
    'finish-reason-unknown': '230',
    'finish-reason-repeated': '084',
    'finish-reason-early': '086',
    'finish-reason-not-tool-calls': '083',
    'usage-repeated': '092',
    'usage-split': '101',
    'usage-erased': '233',
    'usage-beside-choices': '093',
    'usage-null-details': '100',
    'content-parts': '064',
    'reasoning-twice': '068',
    'reasoning-field': '066',
    'think-tags': '071',
    'tool-calls-empty': '054',
    'tool-entry-empty': '048',
    'tool-function-missing': '036',
    'tool-both-kinds': '217',
    'tool-id-missing': '035',
    'tool-id-empty': '025',
    'tool-id-repeated': '024',
    'tool-id-shared': '029',
    'tool-name-late': '037',
    'tool-index-gap': '031',
    'tool-index-order': '208',
    'tool-index-repeated': '020',
    'tool-arguments-null': '210',
    'tool-arguments-not-json': '056',
    'half-character': '158',
    'control-character': '162',
    'prototype-key': '164',
    'accounting-empty': '242',
    'unknown-field': '078',
    'error-shape': '128',
    'error-empty': '243',
    'not-a-chunk': '149',
  }

  test.each(Object.entries(shown))('finds %s in case %s', async (rule, number) => {
    const one = cases.find(({ name }) => name.startsWith(number))
    expect(one === undefined ? [] : (await lintCase(one)).map((finding) => finding.rule)).toContain(rule)
  })

  test('finds what no case shows', async () => {
    const rulesOf = async (...call: Parameters<typeof lint>) => (await lint(...call)).map(({ rule }) => rule)
    const bytes = Buffer.concat([bytesOf(chunk({ role: 'assistant', content: 'a' })).subarray(0, -6), Buffer.of(0xff)])
    const reads = readsOf({ atMs: undefined, bytes })
    expect((await lintCapture({ head: undefined, reads })).map(({ rule }) => rule)).toContain('invalid-utf8')
    const all = clean.join('')
    expect(await rulesOf(all, headOf({}))).toEqual([])
    expect(await rulesOf('', headOf({ status: 500 }))).toContain('status-not-ok')
    const asked = headOf({}, { stream_options: { include_usage: true } })
    expect(await rulesOf(all, asked)).toEqual(['usage-missing'])
    expect(await rulesOf(all, headOf({}), [1, 31_500])).toEqual(['silence'])
    const many = [...clean.slice(0, 1), ...Array.from({ length: 10 }, () => chunk({ content: 'x' })), ...clean.slice(2)]
    expect(await rulesOf(many.join(''), headOf({ t: 2000 }), [2000, 2001])).toEqual(['buffered'])
    expect(await rulesOf(many.join(''), headOf({ t: 20 }), [20, 2001])).toEqual([])
    async function* broken() {
      yield { atMs: 1, bytes: bytesOf(clean.slice(0, 2).join('')) }
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
    }
    const found = await lintCapture({ head: undefined, reads: broken() })
    expect(found.map(({ rule }) => rule)).toEqual(['connection-broke', 'incomplete'])
    const long = chunk({ role: 'assistant', content: 'x'.repeat(17 * 1024 * 1024) })
    expect(await rulesOf(long)).toContain('limit-exceeded')
  })

  test('shows every rule in a case or in the test above', () => {
    const elsewhere = ['buffered', 'connection-broke', 'invalid-utf8', 'limit-exceeded', 'silence', 'status-not-ok']
    const known = [...Object.keys(shown), ...Object.keys(repairs), ...elsewhere, 'usage-missing']
    expect(Object.keys(rules).filter((name) => !known.includes(name))).toEqual([])
  })

  test('finds the same, wherever the bytes are cut on their way', async () => {
    for (const one of cases) {
      const bytes = bytesOf(one.sse)
      const { content_type: _type, ...bare } = one
      const whole = await lintCase(bare)
      for (const size of [1, 100]) {
        const count = Math.ceil(bytes.length / size)
        // Long ones hold much of the same.
        if (count > 1500) continue
        const reads = Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size))
        const found = await lintCapture(
          { head: undefined, reads: readsOf(...reads.map((piece) => ({ atMs: undefined, bytes: piece }))) },
          one.options,
        )
        expect({ name: one.name, size, found }).toEqual({ name: one.name, size, found: whole })
      }
    }
  }, 120_000)

  test('tells of each rule once, and in how many places it was broken', async () => {
    const all = [clean[0], ...Array.from({ length: 50 }, () => ': ping\n\n'), ...clean.slice(1)].join('')
    expect(await lint(all)).toMatchObject([{ rule: 'comment', count: 50, line: 3 }])
    const fields = Array.from({ length: 2000 }, (_, at) => chunk({ content: 'a' }, null, { [`x_${at}`]: 1 }))
    const found = await lint([clean[0], ...fields, ...clean.slice(1)].join(''))
    expect(found.length).toBe(500)
  })

  test('says in which event and at which byte', async () => {
    const text = clean.toSpliced(1, 0, ': ping\n\n', chunk({ role: 'assistant', content: 'é' })).join('')
    const offset = Buffer.byteLength(clean[0] ?? '') + Buffer.byteLength(': ping\n\n')
    const found = await lint(text)
    expect(found).toMatchObject([
      { rule: 'comment', event: undefined, offset: Buffer.byteLength(clean[0] ?? '') },
      { rule: 'role-repeated', event: 2, offset, line: 5, text: expect.stringContaining('"é"') as unknown },
    ])
  })

  test('believes the request of a recording about the number of choices', async () => {
    const counted = ['a', 'b'].map((content, at) =>
      chunk({ role: 'assistant', content }).replace('"index":0', `"index":${at + 7}`),
    )
    const rulesOf = async (head?: RecordingHead) => (await lint(counted.join(''), head)).map(({ rule }) => rule)
    expect(await rulesOf(headOf({}, { n: 1 }))).toContain('choice-index-gap')
  })
})

describe('a profile of lint', () => {
  const azure = [
    chunk({ role: 'assistant', content: '' }).replace('"chat.completion.chunk"', '""'),
    chunk({ role: '', content: 'Hi' }),
    chunk({}, 'stop'),
  ].join('')
  const rulesOf = async (stdin: string, profile: string) => {
    const { stdout } = await runCli(['lint', '--json', '--profile', profile], { stdin })
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { rule: string }).rule]))
  }

  test('of a server leaves out its habits, and nothing else', async () => {
    expect(await rulesOf(azure, 'openai')).toEqual(['object-unexpected', 'role-empty', 'done-missing'])
    expect(await rulesOf(azure, 'azure')).toEqual(['done-missing'])
    expect(await rulesOf(azure, 'cerebras')).toEqual(['object-unexpected', 'role-empty'])
  })

  test('of a client tells what that client fails at', async () => {
    expect(await rulesOf(azure, 'openai-node')).toEqual(['role-empty'])
    expect(await rulesOf(azure, 'openai-python')).toEqual(['object-unexpected'])
    for (const name of ['ai-sdk', 'langchain']) expect(await rulesOf(azure, name)).toEqual([])
    const glued = `${chunk({ role: 'assistant', content: 'a' }).trimEnd()}${chunk({}, 'stop').slice(6)}data: [DONE]\n\n`
    for (const name of ['openai-node', 'openai-python', 'ai-sdk', 'langchain'])
      expect(await rulesOf(glued, name)).toContain('events-glued')
  })

  test('of a lenient reader tells where something is lost', async () => {
    expect(await rulesOf(azure, 'lenient')).toEqual([])
    expect(await rulesOf(`${chunk({ role: 'assistant', content: 'a' })}data: {"cho`, 'lenient')).toEqual([
      'not-json',
      'incomplete',
    ])
  })

  test('chooses the rules that are listed', async () => {
    const all = (await runCli(['lint', '--rules'])).stdout.split('\n').length
    const some = (await runCli(['lint', '--rules', '--profile', 'langchain'])).stdout.split('\n')
    expect(some.length).toBeGreaterThan(10)
    expect(some.length).toBeLessThan(all)
    expect((await runCli(['lint', '--profile', 'azzure', 'demo:text'])).code).toBe(2)
  })
})

describe('deltawire lint', () => {
  test('says nothing about clean streams', async () => {
    const names = demoNames.filter((name) => name !== 'cut' && name !== 'error').map((name) => `demo:${name}`)
    // Halves of characters are what this recording is about.
    const silent = names.filter((name) => name !== 'demo:utf8')
    expect(await runCli(['lint', ...silent])).toMatchObject({ code: 0, stdout: '', stderr: '' })
    expect((await runCli(['lint', 'demo:utf8'])).stdout).toMatch(
      /^demo:utf8: event \d+, byte \d+: warning half-character: /,
    )
  })

  test('says what, where, with which effect, who breaks and where to read on', async () => {
    const stdin = new TextDecoder().decode(demoBytes('tools')).replaceAll('"index":1,"id"', '"id"')
    const { code, stdout, stderr } = await runCli(['lint'], { stdin })
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout).toMatch(
      /^-: event 6, byte \d+: error tool-index-missing: a tool call came without a usable index .*\n/,
    )
    expect(stdout).toContain('    data: {…"choices":[{"index":0,"delta":{"tool_calls":[{"id":"call_demo_lima"')
    expect(stdout).toContain('    effect: clients fail, or make one call of several\n')
    expect(stdout).toContain('    breaks: openai-node, openai-python, LangChain.js\n')
    expect(stdout).toContain('    see: https://github.com/ollama/ollama/issues/7881\n')
  })

  test('prints from the level up that is wanted, and fails from the one that is wanted', async () => {
    expect(await runCli(['lint', 'demo:reasoning'])).toMatchObject({ code: 0, stdout: '' })
    const info = await runCli(['lint', 'demo:reasoning', '--level', 'info'])
    expect(info).toMatchObject({ code: 1, stdout: expect.stringContaining('info reasoning-field') as unknown })
    expect((await runCli(['lint', 'demo:reasoning', '--level', 'info', '--fail-on', 'warning'])).code).toBe(0)
    expect((await runCli(['lint', 'demo:cut', '--fail-on', 'never'])).code).toBe(0)
    expect(await runCli(['lint', 'demo:cut', '--level', 'error', '--ignore', 'incomplete,not-json'])).toMatchObject({
      code: 0,
      stdout: '',
    })
    expect((await runCli(['lint', 'demo:reasoning', '--only', 'reasoning-field'])).code).toBe(1)
  })

  test('knows the rules that it is given', async () => {
    const { code, stderr } = await runCli(['lint', 'demo:text', '--ignore', 'tool-id-mising'])
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'error: there is no rule "tool-id-mising"\nhint: did you mean tool-id-missing?\n',
    })
    const list = await runCli(['lint', '--rules'])
    expect(list.stdout.split('\n').length - 1).toBe(Object.keys(rules).length)
    const json = await runCli(['lint', '--rules', '--json'])
    expect(JSON.parse(json.stdout.split('\n')[0] ?? '')).toMatchObject({ v: 1, type: 'rule', severity: 'warning' })
  })

  test('speaks JSON, GitHub and SARIF', async () => {
    const json = await runCli(['lint', 'demo:cut', 'demo:error', '--json'])
    const findings = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { rule: string; source: string })
    expect(findings.map(({ source, rule }) => `${source} ${rule}`)).toContain('demo:error error-in-stream')
    const github = await runCli(['lint', 'demo:error', '--github'])
    expect(github.stdout).toMatch(/^::error file=demo%3Aerror,title=error-in-stream::event \d+, byte \d+: /)
    const sarif = JSON.parse((await runCli(['lint', 'demo:cut', '--sarif'])).stdout) as {
      runs: [{ results: { ruleId: string; ruleIndex: number }[]; tool: { driver: { rules: { id: string }[] } } }]
    }
    const [{ results, tool }] = sarif.runs
    expect(results.length).toBeGreaterThan(0)
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId)
    expect(JSON.parse((await runCli(['lint', 'demo:text', '--sarif'])).stdout)).toMatchObject({
      runs: [{ results: [] }],
    })
  })

  test('shows no control character of a stream', async () => {
    const stdin = `${chunk({ role: 'assistant', content: '\u001B[2J\u009B' }, 'stop', { '\u001B]0;x\u0007': 1 })}data: [DONE]\n\n`
    for (const format of [[], ['--json'], ['--github'], ['--sarif']]) {
      const { stdout } = await runCli(['lint', '--level', 'info', ...format], { stdin })
      expect(stdout).not.toBe('')
      expect(controlCharactersIn(stdout)).toEqual([])
    }
  })
})

describeRecordings('lint', (recordings) => {
  /** What is wrong with them is in the manifest. */
  const odd = /no-choices-array|no-done|open-end|null-|role-repeated|not-json|moderation|legacy/
  const official = recordings.filter(
    ({ provider, fidelity, features }) =>
      provider === 'openai' && fidelity === 'bytes' && !features.some((one) => odd.test(one)),
  )

  test('has nothing to warn of in what the official server sent', async () => {
    expect(official.length).toBeGreaterThan(30)
    for (const { file, bytes } of official) {
      const found = await lintCapture({ head: undefined, reads: readsOf({ atMs: undefined, bytes }) })
      const warned = found.filter(({ rule }) => ruleOf(rule).severity !== 'info').map(({ rule }) => rule)
      expect({ file, warned }).toEqual({ file, warned: [] })
    }
  })

  test.each([
    ['azure', 'azure-openai'],
    ['vllm', 'vllm'],
    ['llama.cpp', 'llama.cpp'],
    ['ollama', 'ollama'],
    ['openrouter', 'openrouter'],
    ['mistral', 'mistral'],
    ['gemini', 'google-gemini'],
    ['dashscope', 'alibaba-dashscope'],
    ['zai', 'zai'],
    ['cerebras', 'cerebras'],
  ] as const)('knows the habits of %s from recordings, and all that are habits', async (name, provider) => {
    const own = recordings.filter((one) => one.provider === provider)
    const seen = new Map<RuleName, number>()
    for (const { bytes } of own) {
      const found = await lintCapture({ head: undefined, reads: readsOf({ atMs: undefined, bytes }) })
      for (const { rule } of found) seen.set(rule, (seen.get(rule) ?? 0) + 1)
    }
    const { habits }: { habits: readonly RuleName[] } = profiles[name]
    for (const rule of habits)
      expect({ rule, times: seen.get(rule) }).toMatchObject({ times: expect.any(Number) as unknown })
    const usual = [...seen].filter(
      ([rule, times]) => ruleOf(rule).severity !== 'info' && times > Math.max(1, own.length / 4),
    )
    expect(usual.map(([rule]) => rule).filter((rule) => !habits.includes(rule))).toEqual([])
  })

  test('reads whatever was recorded', { timeout: 60_000 }, async () => {
    for (const { bytes } of recordings) {
      const found = await lintCapture({ head: undefined, reads: readsOf({ atMs: undefined, bytes }) })
      for (const { offset } of found) expect(offset).toBeLessThanOrEqual(bytes.length)
    }
  })
})
