import type { ChatCompletion, ChatCompletionChunk, ChunkDelta } from '@deltawire/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { columnLines, fitBeside, type Column } from '../src/compare/column-lines.ts'
import { advanced, begun, columnAt, ended } from '../src/compare/progress.ts'
import { showLive } from '../src/compare/show-live.ts'
import { Interrupted, OutputClosed, type Io } from '../src/io.ts'
import { textWidth } from '../src/markdown/text-width.ts'
import { attacks } from './attacks.ts'
import { controlCharactersIn } from './control-characters.ts'
import { createFakeClock } from './fake-clock.ts'
import { runCli, type CliOptions } from './run-cli.ts'
import { tempHome } from './temp-home.ts'
import { answering, choice, saying } from './upstream.ts'

const column = (title: string, text: string, more: Partial<Column> = {}): Column => ({ title, text, ...more })

describe('columns', () => {
  test('stand beside each other, each wrapped to its own width, beneath heads of one height', () => {
    const columns = [
      column('one', 'The quick brown fox jumps over the lazy dog.', {
        figures: 'answering · ttft 0.31 s · ~121 tok/s',
      }),
      column('two', 'Short.\n\nDone.', { figures: 'done', foot: '3 in' }),
    ]
    expect(columnLines(columns, { width: 51 })).toEqual([
      'one                      │ two',
      'answering · ttft 0.31 s  │ done',
      '· ~121 tok/s             │',
      '──────────────────────── │ ────────────────────────',
      'The quick brown fox      │ Short.',
      'jumps over the lazy dog. │',
      '                         │ Done.',
      '                         │',
      '                         │ 3 in',
    ])
  })

  test('keep their places beside emoji and characters that are two wide', () => {
    const lines = columnLines([column('世界', '👩‍👧👩‍👧 é 日本語'), column('b', 'x\ny')], { width: 51 })
    const places = lines.map((line) => textWidth(line.slice(0, line.indexOf('│'))))
    expect(places).toEqual([25, 25, 25, 25])
  })

  test('have room where each has 24 cells', () => {
    const most = (width: number) => [1, 2, 3, 4, 5, 6].filter((count) => fitBeside(count, width)).at(-1)
    expect([40, 50, 51, 80, 120, 160].map(most)).toEqual([1, 1, 2, 3, 4, 6])
  })

  test('stand one above the other in a window that has become too narrow, with the last lines of each', () => {
    const columns = [column('one', 'a\nb\nc\nd', { figures: 'done' }), column('two', 'e', { figures: 'waiting 1 s' })]
    expect(columnLines(columns, { width: 12, height: 10 })).toEqual([
      'one',
      'done',
      '────────────',
      'c',
      'd',
      'two',
      'waiting 1 s',
      '────────────',
      'e',
    ])
  })

  test('show the end of an answer that has no room, and of one that failed why', () => {
    const text = Array.from({ length: 100 }, (_, at) => `line ${at}`).join('\n')
    const columns = [column('long', text), column('cut', 'And then', { foot: 'the connection broke' })]
    expect(columnLines(columns, { width: 51, height: 5 })).toEqual([
      'long                     │ cut',
      '──────────────────────── │ ────────────────────────',
      'line 97                  │ And then',
      'line 98                  │',
      'line 99                  │ the connection broke',
    ])
    expect(columnLines(columns, { width: 51 })).toHaveLength(102)
  })

  const texts = fc.array(
    fc.constantFrom(
      'word',
      ' ',
      '\n',
      '\r\n',
      '\t',
      '世界',
      '👩‍👧',
      'é',
      '🌧️',
      'x'.repeat(90),
      ...Object.values(attacks),
    ),
    { maxLength: 40 },
  )

  test('fit every window, and obey nothing that an answer holds', () => {
    fc.assert(
      fc.property(
        fc.array(texts, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 4, max: 200 }),
        fc.integer({ min: 1, max: 40 }),
        (answers, width, height) => {
          const columns = answers.map((pieces, at) => {
            const text = pieces.join('')
            return column(`m${at} ${text}`, text, { figures: `~1 tok/s ${text}`, foot: text })
          })
          const lines = columnLines(columns, { width, height })
          expect(lines.length).toBeLessThanOrEqual(height)
          for (const line of lines) {
            expect(textWidth(line)).toBeLessThanOrEqual(width)
            expect(controlCharactersIn(line)).toEqual([])
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  test('cut to a window are the end of what is printed whole', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 4, max: 60 }), fc.integer({ min: 3, max: 20 }), (pieces, width, height) => {
        const one = [column('m', pieces.join(''), { foot: 'why' })]
        const whole = columnLines(one, { width })
        const expected = whole.length <= height ? whole : [...whole.slice(0, 2), ...whole.slice(2 - height)]
        expect(columnLines(one, { width, height })).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })
})

describe('the head of a column', () => {
  const chunk = (delta: ChunkDelta): ChatCompletionChunk => ({
    id: 'a',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: null }],
  })
  const at = (delta: ChunkDelta, now: number, before = begun('m', 0)) => advanced(before, chunk(delta), now)
  const figures = { chunks: 2, firstChunkMs: 300, totalMs: 2300 }
  const usage = { prompt_tokens: 1, completion_tokens: 200, total_tokens: 201 }
  const end = { completion: null, error: null, figures, usage, problem: '' }

  test('tells how it goes: waiting, thinking, answering, done', () => {
    expect(columnAt(begun('m', 0), 2100)).toEqual({ title: 'm', figures: 'waiting 2 s', text: '' })
    const thinking = at({ reasoning_content: 'Hm, let me see.' }, 300)
    expect(columnAt(thinking, 1300).figures).toMatch(/^thinking · ttft 0\.30 s · ~\d\.\d tok\/s$/)
    const answer = at({ content: 'So it is.' }, 500, thinking)
    expect(columnAt(answer, 1300)).toMatchObject({ text: 'So it is.' })
    expect(columnAt(answer, 1300).figures).toMatch(/^answering · ttft 0\.30 s · ~\d+ tok\/s$/)
    expect(columnAt(ended(answer, end), 9000).figures).toBe('done · ttft 0.30 s · 100 tok/s')
  })

  test('tells what failed, what was stopped, and what has another end than its own', () => {
    const error = new Error('the stream ended')
    const failed = columnAt(ended(at({ content: 'And then' }, 5), { ...end, error, problem: 'it broke' }), 9000)
    expect(failed).toMatchObject({ text: 'And then', foot: 'it broke' })
    expect(failed.figures).toMatch(/^failed · /)
    const stopped = ended(begun('m', 0), {
      ...end,
      usage: undefined,
      figures: { chunks: 0, totalMs: 1500 },
      error: new Interrupted('SIGINT'),
    })
    expect(columnAt(stopped, 9000).figures).toBe('stopped · 1.50 s')
    const completion = (finish_reason: string, refusal: string | null): ChatCompletion => ({
      id: 'a',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'a', refusal }, finish_reason, logprobs: null }],
    })
    const stateOf = (finish_reason: string, refusal: string | null = null) =>
      columnAt(ended(begun('m', 0), { ...end, completion: completion(finish_reason, refusal) }), 0).figures
    expect(stateOf('stop')).toMatch(/^done · /)
    expect(stateOf('length')).toMatch(/^done \(length\) · /)
    expect(stateOf('stop', 'No.')).toMatch(/^refused · /)
  })
})

/** A terminal whose clock goes on when it is told to. */
function liveTerminal() {
  const size = { columns: 80, rows: 6 }
  const written: string[] = []
  let wake = () => {}
  let asleep = () => {}
  const interrupt = new AbortController()
  const stdout: Io['stdout'] = {
    isTTY: true,
    columns: () => size.columns,
    rows: () => size.rows,
    write: async (text) => void written.push(String(text)),
    flush: async () => {},
  }
  let now = 0
  const sleep: Io['clock']['sleep'] = (ms, signal) =>
    new Promise((resolve) => {
      wake = () => {
        now += ms
        resolve()
      }
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
      asleep()
    })
  return {
    size,
    written,
    interrupt,
    io: { stdout, signal: interrupt.signal, clock: { now: () => now, date: () => 0, sleep } } as Io,
    wake: () => wake(),
    /** One step of the clock, until everything sleeps again. */
    async step() {
      const done = new Promise<void>((resolve) => (asleep = resolve))
      wake()
      await done
    },
  }
}

const screenOn = '\u001B[?1049h\u001B[?25l\u001B[?7l'
const screenOff = '\u001B[?7h\u001B[?25h\u001B[?1049l'

describe('live columns', () => {
  test('are drawn at the pace of the clock, however often something arrives', async () => {
    const { io, written, step } = liveTerminal()
    let text = ''
    let asked = 0
    const live = showLive(() => {
      asked += 1
      return [column('a', text)]
    }, io)
    expect(written).toEqual([])
    for (let at = 0; at < 1000; at++) text = `word ${at}`
    await step()
    expect(written[0]).toBe(screenOn)
    expect(written[1]).toContain('word 999')
    // Nothing new: nothing is written.
    await step()
    await step()
    expect({ asked, writes: written.length }).toEqual({ asked: 3, writes: 2 })
    await live.stop()
    await live.stop()
    expect(written.slice(2)).toEqual([screenOff])
  })

  test('follow the size of the window', async () => {
    const { io, written, step, size } = liveTerminal()
    const live = showLive(() => [column('a', 'x'), column('b', 'y')], io)
    await step()
    size.columns = 60
    await step()
    expect(written.slice(1).map((frame) => /─+/.exec(frame)?.[0].length)).toEqual([38, 28])
    size.rows = 20
    await step()
    expect(written).toHaveLength(4)
    await live.stop()
  })

  test('give the screen back at once when the user wants to stop, and when something fails', async () => {
    const interrupted = liveTerminal()
    const live = showLive(() => [column('a', 'x')], interrupted.io)
    await interrupted.step()
    interrupted.interrupt.abort(new Interrupted('SIGINT'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(interrupted.written.at(-1)).toBe(screenOff)
    await live.stop()
    expect(interrupted.written.filter((text) => text === screenOff)).toHaveLength(1)

    const failing = liveTerminal()
    let fails = false
    const other = showLive(() => {
      if (fails) throw new OutputClosed('gone')
      return [column('a', 'x')]
    }, failing.io)
    await failing.step()
    fails = true
    failing.wake()
    await new Promise((resolve) => setImmediate(resolve))
    await expect(other.stop()).rejects.toThrow('gone')
    expect(failing.written.at(-1)).toBe(screenOff)
  })

  test('leave the screen alone when everything has ended before the first of them', async () => {
    const { io, written } = liveTerminal()
    await showLive(() => [column('a', 'x')], io).stop()
    expect(written).toEqual([])
  })
})

const home = tempHome()

function run(argv: readonly string[], options: CliOptions = {}) {
  return runCli(['compare', ...argv], { ...options, env: { ...home.env, ...options.env }, cwd: home.path })
}

const twoDemos = ['-m', 'demo:utf8', '-m', 'demo:reasoning', 'Hello']

describe('compare', () => {
  test('shows what was meant by models without -m', async () => {
    expect(await run(['demo:text', 'demo:utf8'])).toMatchObject({
      code: 2,
      stderr:
        'error: compare needs two models: -m A -m B\nhint: did you mean: deltawire compare -m demo:text -m demo:utf8 PROMPT\n',
    })
    expect((await run(['-m', 'a', 'Hi'])).stderr).toContain('deltawire models lists them')
  })

  test('cuts no word in a terminal that has no room for columns', async () => {
    const { stdout } = await run(['-m', 'demo:text', '-m', 'demo:utf8', 'Hi'], {
      isTTY: true,
      columns: 40,
      sleep: async () => {},
    })
    expect(stdout).toContain('--- demo:text ---\nA chunk is a small piece of an answer.\nEach one carries')
  })

  test('asks all of them at once, and prints one after the other in a pipe', async () => {
    const { code, stdout } = await run(['-m', 'demo:text', '-m', 'demo:reasoning', 'Hello'])
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^--- demo:text ---\nA chunk .*\n\(14 in · 42 out .*\)\n\n--- demo:reasoning ---\n9\.8 is larger than 9\.11\.\n\(19 in/,
    )
    expect((await runCli(['history'], { env: home.env, cwd: home.path })).stdout).toBe('')
  })

  test('shows them beside each other while they arrive, and prints all of it once at the end', async () => {
    const { code, stdout } = await run(twoDemos, { isTTY: true, clock: createFakeClock() })
    expect(code).toBe(0)
    const [before, live = '', after = ''] = stdout.replace(screenOff, screenOn).split(screenOn)
    expect(before).toBe('')
    expect(live).toMatch(/answering · ttft|thinking · ttft/)
    const [head = '', rule = '', first = ''] = after.split('\n')
    expect(head).toMatch(/^demo:utf8 +│ demo:reasoning$/)
    expect(rule).toMatch(/^─{38} │ ─{38}$/)
    expect(first).toMatch(/│ 9\.8 is larger than 9\.11\.$/)
    expect(controlCharactersIn(after)).toEqual([])
  })

  test('only prints at the end where nothing can be drawn or has room', async () => {
    const still: [string[], CliOptions][] = [
      [twoDemos, {}],
      [twoDemos, { isTTY: true, env: { NO_COLOR: '1' } }],
      [twoDemos, { isTTY: true, env: { TERM: 'dumb' } }],
      [['--color', 'never', ...twoDemos], { isTTY: true }],
      [['-vv', ...twoDemos], { isTTY: true }],
      [['--json', ...twoDemos], { isTTY: true }],
      [['-m', 'demo:text', '-m', 'demo:tour', ...twoDemos], { isTTY: true }],
    ]
    for (const [argv, options] of still) {
      const { code, stdout } = await run(argv, { ...options, clock: createFakeClock() })
      expect({ argv, code, controls: controlCharactersIn(stdout) }).toEqual({ argv, code: 0, controls: [] })
      expect(stdout).toContain('9.8 is larger than 9.11.')
    }
    const many = await run(['-m', 'demo:text', '-m', 'demo:tour', ...twoDemos], {
      isTTY: true,
      clock: createFakeClock(),
    })
    expect(many.stdout).toMatch(/^--- demo:text ---\nA chunk /)
  })

  test('stops all of them with Ctrl-C, and keeps what had arrived', async () => {
    const interrupt = new AbortController()
    // Both have begun and never end.
    const { fetch } = answering(({ body }) => {
      const event = `data: ${JSON.stringify(choice({ content: `Hello from ${String(body['model'])}` }))}\n\n`
      const stream = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(Buffer.from(event)),
      })
      return new Response(stream, { headers: { 'content-type': 'text/event-stream' } })
    })
    const { code, stdout } = await run(['-m', 'one', '-m', 'two', 'hi'], {
      isTTY: true,
      signal: interrupt.signal,
      fetch,
      env: { OPENAI_BASE_URL: 'http://up.example/v1', OPENAI_API_KEY: 'sk-0123456789' },
      sleep: (_, signal) =>
        new Promise((resolve) => {
          const timer = setImmediate(resolve)
          signal.addEventListener('abort', () => {
            clearImmediate(timer)
            resolve()
          })
        }),
      onStdout(text) {
        if (/Hello from one.*Hello from two/.test(text)) interrupt.abort(new Interrupted('SIGINT'))
      },
    })
    expect(code).toBe(130)
    const after = stdout.slice(stdout.lastIndexOf(screenOff) + screenOff.length)
    expect(after).toMatch(/^one +│ two\n─+ │ ─+\nHello from one +│ Hello from two\n +│\nstopped by Ctrl-C · /)
  })

  test('tells of a model that fails without the key that the server repeats', async () => {
    const { fetch } = answering(({ body }) =>
      body['model'] === 'good' ? saying('ok') : new Response('no sk-0123456789', { status: 401 }),
    )
    const { code, stdout } = await run(['-m', 'bad', '-m', 'good', 'hi'], {
      isTTY: true,
      fetch,
      env: { OPENAI_BASE_URL: 'http://up.example/v1', OPENAI_API_KEY: 'sk-0123456789' },
    })
    expect(code).toBe(4)
    expect(stdout).toMatch(/│ ok\n/)
    expect(stdout).toContain('(http_status)')
    expect(stdout).not.toContain('sk-0123456789')
  })

  test('is JSON for a program, and says which model did not answer', async () => {
    const { code, stdout } = await run(['-m', 'demo:text', '-m', 'demo:error', '--json', 'Hello'])
    expect(code).toBe(7)
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { type: string }).type),
    ).toEqual(['result', 'result', 'error'])
    expect((await run(['-m', 'demo:text', 'Hello'])).code).toBe(2)
  })
})
