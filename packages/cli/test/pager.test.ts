import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeWithProgram } from '@deltawire/testkit/describe'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { textWidth } from '../src/markdown/text-width.ts'
import { openCapture } from '../src/recording/read-recording.ts'
import { demoBytes } from '../src/source/demo.ts'
import { createPager, keysIn, press, resized, screenOf, type Pager } from '../src/view/pager.ts'
import { viewRows, type Row } from '../src/view/view-rows.ts'
import { attacks } from './attacks.ts'
import { controlCharactersIn } from './control-characters.ts'
import { binary, createTerminals } from './in-terminal.ts'
import { runCli } from './run-cli.ts'

async function pagerOf(bytes: Uint8Array, size = { width: 80, height: 10 }): Promise<Pager> {
  async function* body() {
    yield bytes
  }
  const rows: Row[] = []
  for await (const row of viewRows(await openCapture(body()))) rows.push(row)
  return createPager('demo', rows, size)
}

const pressAll = (pager: Pager, keys: string): Pager => keysIn(keys).reduce(press, pager)
const linesOf = (pager: Pager): string[] => screenOf(pager).map(({ text }) => text)
const chosenIn = (pager: Pager): string => linesOf(pager).find((line) => line.startsWith('>')) ?? ''
const down = '\u001B[B'

describe('the pager of view', () => {
  test('shows the events, and which one is chosen', async () => {
    const pager = await pagerOf(demoBytes('tools'))
    const lines = linesOf(pager)
    expect(lines.length).toBe(10)
    expect(lines[0]).toBe('demo · 1 of 12')
    expect(chosenIn(pager)).toMatch(/^> +1 +\d+ B {2}role +0 {2}assistant$/)
    expect(lines.at(-1)).toBe('j k move · Enter event · / search, n next · q leave')
  })

  test('moves by lines, by pages and to the ends, and not beyond', async () => {
    const pager = await pagerOf(demoBytes('tools'))
    expect(chosenIn(pressAll(pager, `jj${down}`))).toMatch(/^> +4 /)
    expect(chosenIn(pressAll(pager, 'jjk'))).toMatch(/^> +2 /)
    expect(chosenIn(pressAll(pager, ' '))).toMatch(/^> +9 /)
    expect(chosenIn(pressAll(pager, ' b'))).toMatch(/^> +1 /)
    expect(chosenIn(pressAll(pager, 'G'))).toMatch(/^> +12 .*\[DONE\]$/)
    expect(chosenIn(pressAll(pager, 'Gjjj'))).toMatch(/^> +12 /)
    expect(chosenIn(pressAll(pager, 'Gg'))).toMatch(/^> +1 /)
    expect(chosenIn(pressAll(pager, 'kkk'))).toMatch(/^> +1 /)
  })

  test('opens an event, whole and readable, and goes back to where it was', async () => {
    const pager = await pagerOf(demoBytes('tools'), { width: 80, height: 60 })
    const open = pressAll(pager, 'j\r')
    expect(linesOf(open).slice(0, 5)).toEqual([
      'demo · 2 of 12',
      'event 2 · byte 275 · 342 B',
      '',
      'tool 0: 0 get_weather',
      '',
    ])
    expect(linesOf(open)).toContain('  "id": "chatcmpl-demo-tools",')
    expect(linesOf(pressAll(open, 'l'))[1]).toMatch(/^event 3 /)
    expect(linesOf(pressAll(open, 'hh'))[1]).toMatch(/^event 1 /)
    for (const key of ['q', '\r', '\u001B']) expect(linesOf(pressAll(open, key))).toEqual(linesOf(pressAll(pager, 'j')))
    const small = pressAll(await pagerOf(demoBytes('tools')), 'Gkk')
    expect(linesOf(pressAll(small, '\rjjjq'))).toEqual(linesOf(small))
  })

  test('scrolls in an event, and not beyond it', async () => {
    const open = pressAll(await pagerOf(demoBytes('tools')), 'j\r')
    expect(linesOf(pressAll(open, 'jj'))[1]).toBe('tool 0: 0 get_weather')
    expect(linesOf(pressAll(open, 'G')).at(-2)).toBe('}')
    expect(linesOf(pressAll(open, 'Gjjj'))).toEqual(linesOf(pressAll(open, 'G')))
    expect(linesOf(pressAll(open, 'jkk'))).toEqual(linesOf(open))
  })

  test('finds what is typed, the next of it, and the one before', async () => {
    const pager = await pagerOf(demoBytes('tools'))
    const found = pressAll(pager, '/WEATHER\r')
    expect(chosenIn(found)).toMatch(/^> +2 /)
    expect(linesOf(found).at(-1)).toMatch(/^\/WEATHER · /)
    expect(chosenIn(press(found, 'n'))).toMatch(/^> +6 /)
    expect(chosenIn(pressAll(found, 'nn'))).toMatch(/^> +2 /)
    expect(chosenIn(press(found, 'N'))).toMatch(/^> +6 /)
    expect(chosenIn(pressAll(pager, '/usagx\u007Fe\r'))).toMatch(/^> +11 /)
    expect(chosenIn(pressAll(pager, '/nothing\r'))).toMatch(/^> +1 /)
    expect(linesOf(pressAll(pager, '/q')).at(-1)).toBe('/q')
    expect(linesOf(press(pressAll(pager, '/abc'), '\u001B'))).toEqual(linesOf(pager))
  })

  test('is left with q, Escape and Ctrl-C, from an event first to the list', async () => {
    const pager = await pagerOf(demoBytes('tools'))
    for (const keys of ['q', '\u001B', '\u0003', '\r\u0003', '/x\u0003', '\rqq']) {
      expect({ keys, isOver: pressAll(pager, keys).isOver }).toEqual({ keys, isOver: true })
    }
    for (const keys of ['\rq', '/q', 'x', '\u001B[99~']) {
      expect({ keys, isOver: pressAll(pager, keys).isOver }).toEqual({ keys, isOver: false })
    }
  })

  test('fits every window, whatever is pressed, and obeys nothing that a stream holds', async () => {
    const texts = [...Object.values(attacks), '世界'.repeat(60), '👩‍👧'.repeat(30), 'é\t'.repeat(50)]
    const events = texts.map(
      (content) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`,
    )
    const pager = await pagerOf(Buffer.from(`${events.join('')}data: {\u001B[2J\u009B\n\n`))
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom('j', 'k', ' ', 'b', 'g', 'G', 'h', 'l', '\r', '/', 'n', 'N', 'e', '\u007F', '\u001B', 'q'),
        ),
        fc.integer({ min: 20, max: 120 }),
        fc.integer({ min: 3, max: 40 }),
        (keys, width, height) => {
          const shown = resized(keys.reduce(press, pager), { width, height })
          const lines = linesOf(shown)
          expect(lines.length).toBe(height)
          for (const line of lines) {
            expect(textWidth(line)).toBeLessThanOrEqual(Math.max(width, 34))
            expect(controlCharactersIn(line)).toEqual([])
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  test('shows a stream without events', async () => {
    const pager = await pagerOf(new Uint8Array())
    expect(pressAll(pager, 'jkG\r/x\rn ').isOver).toBe(false)
    expect(screenOf(pager).length).toBe(10)
  })

  test('says that it needs a terminal', async () => {
    const { code, stdout, stderr } = await runCli(['view', '-i', 'demo:text'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^error: --interactive needs a terminal\n/)
    expect((await runCli(['view', '-i', 'demo:text'], { isTTY: true, env: { TERM: 'dumb' } })).code).toBe(2)
    expect((await runCli(['view', '-i', '--json', 'demo:text'], { isTTY: true })).code).toBe(2)
  })
})

describeWithProgram('tmux', 'view --interactive in a terminal', (tmux) => {
  const folder = mkdtempSync(join(tmpdir(), 'deltawire-pager-'))
  const terminals = createTerminals(tmux, () => folder)
  const { call, keys, seen } = terminals
  beforeAll(() => {
    if (!existsSync(binary)) throw new Error('packages/cli/dist/main.js is missing: run pnpm build first')
    const attack = Object.values(attacks).join(' ')
    const event = { choices: [{ index: 0, delta: { role: 'assistant', content: attack }, finish_reason: 'stop' }] }
    writeFileSync(join(folder, 'attack.sse'), `data: ${JSON.stringify(event)}\n\ndata: [DONE]\n\n`)
  })
  afterEach(() => terminals.close())
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function open(command: string): void {
    const run = command.replaceAll('deltawire', `'${process.execPath}' '${binary}'`)
    terminals.open(`${run}; echo "[exit $?]"; sleep 600`, 80, 12)
  }

  test(
    'steps through a stream, follows the size of the window, and leaves the screen as it was',
    { timeout: 60_000 },
    async () => {
      open('echo before; deltawire view -i demo:tools')
      await seen(/^demo:tools · 1 of 12\n> {3}1 /)
      keys('j', 'Down', 'Enter')
      expect(await seen(/event 3 · byte 617/)).toContain('tool 0: 0 {"city":')
      call('resize-window', '-x', '60', '-y', '8')
      await seen(/j k scroll · h l other event/)
      keys('q')
      await seen(/> {3}3 /)
      keys('q')
      expect(await seen(/\[exit 0\]/)).toMatch(/^before\n\[exit 0\]$/)
    },
  )

  test('takes its keys from the terminal when the stream comes through a pipe', { timeout: 60_000 }, async () => {
    open('deltawire replay --speed 0 demo:cut | deltawire view -i')
    await seen(/^- · 1 of /)
    keys('G')
    expect(await seen(/> +\d+ +\d+ B {2}error/)).toMatch(/the stream ended/)
    keys('C-c')
    await seen(/\[exit 7\]/)
  })

  test('shows an attack, and is not moved by it', { timeout: 60_000 }, async () => {
    open('deltawire view -i attack.sse')
    expect(await seen(/^attack\.sse · 1 of 2\n/)).toContain('␛]52;c;')
    keys('Enter')
    expect(await seen(/event 1 · byte 0/)).toMatch(/j k scroll/)
    expect(call('display-message', '-p', '#{pane_title}')).not.toContain('pwned')
    expect(call('list-buffers')).toBe('')
    keys('q', 'q')
    await seen(/\[exit 0\]/)
  })
})
