import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { demoBytes } from '../src/source/demo.ts'
import { attacks } from './attacks.ts'
import { controlCharactersIn } from './control-characters.ts'
import { runCli } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'deltawire-instruments-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** Every way in which the instruments show a stream; `-` stands for it. */
const shows: readonly (readonly string[])[] = [
  ['merge', '-'],
  ['merge', '-', '--text'],
  ['merge', '-', '--progressive'],
  ['split', '-'],
  ['convert', '-'],
  ['convert', '-', '--to', 'jsonl'],
  ['convert', '-', '--to', 'text'],
  ['convert', '-', '--to', 'cumulative'],
  ['convert', '-', '--to', 'recording'],
  ['replay', '-', '--speed', '0'],
  ['replay', '-', '--speed', '0', '--format', 'text'],
  ['replay', '-', '--speed', '0', '--format', 'jsonl'],
  ['lint', '-', '--level', 'info'],
  ['lint', '-', '--level', 'info', '--json'],
  ['lint', '-', '--level', 'info', '--github'],
  ['lint', '-', '--level', 'info', '--sarif'],
  ['view', '-'],
  ['view', '-', '--wide'],
  ['view', '-', '--json'],
  ['diff', 'demo:text', '-'],
  ['diff', 'demo:text', '-', '--chunks', '--strict'],
  ['diff', 'demo:text', '-', '--json'],
]

/** A stream that holds the text wherever a stranger can put some. */
function streamWith(text: string): string {
  const delta = {
    role: 'assistant',
    content: `A chunk is ${text} a small piece`,
    reasoning: text,
    tool_calls: [
      { index: 0, id: text, type: 'function', function: { name: text, arguments: JSON.stringify({ [text]: text }) } },
    ],
  }
  const chunk = { id: text, object: text, created: 1, model: text, [text]: text }
  const events = [
    { ...chunk, choices: [{ index: 0, delta, finish_reason: null, [text]: 1 }] },
    { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: text }] },
    { error: { message: text, type: text, code: text } },
  ]
  const raw = text.replaceAll(/[\r\n]/g, ' ')
  return `: ${raw}\n\n${raw}: x\n\nevent: ${raw}\ndata: ${raw}\n\n${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}`
}

describe('what a stream holds', () => {
  test.each(Object.entries(attacks))('drives no terminal: %s', async (_, attack) => {
    for (const stdin of [streamWith(attack), `{"error":{"message":${JSON.stringify(attack)}}}`, attack]) {
      for (const command of shows) {
        const { code, stdout, stderr } = await runCli(command, { stdin, isTTY: true, env: { NO_COLOR: '1' } })
        expect({ command, isKnown: [0, 1, 7].includes(code), stderr }).toMatchObject({ command, isKnown: true })
        expect({ command, shown: controlCharactersIn(stdout + stderr) }).toEqual({ command, shown: [] })
      }
      const path = file('attack.sse', stdin.includes('\n\n') ? `${stdin}data: [DONE]\n\n` : streamWith(attack))
      const tail = await runCli(['tail', path], { isTTY: true, env: { NO_COLOR: '1' } })
      expect(controlCharactersIn(tail.stdout + tail.stderr)).toEqual([])
    }
  })
})

describe('a reader that leaves', () => {
  test.each(shows.map((command) => [command.join(' '), command] as const))(
    'is no failure of %s',
    async (_, command) => {
      const stdin = demoBytes('tour')
      const whole = await runCli(command, { stdin: [stdin] })
      if (whole.writes === 0) return
      const { code, stderr } = await runCli(command, { stdin: [stdin], closesAfter: whole.writes - 1 })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    },
  )
})

describe('what is no stream', () => {
  const garbage = Uint8Array.from({ length: 20_000 }, (_, at) => (at * 7919 + (at >> 3)) % 256)

  test.each([
    ['nothing', ''],
    ['a blank line', '\n'],
    ['NUL bytes', '\0'.repeat(1000)],
    ['a page', '<!doctype html><h1>Bad gateway'],
    ['garbage', garbage],
    ['JSON without an end', `{"choices":[${'['.repeat(5000)}`],
    ['half of UTF-16', '\u00FF\u00FE'],
  ])('is told by every instrument, and surprises none: %s', async (_, stdin) => {
    for (const command of shows) {
      const { code, stderr } = await runCli(command, { stdin: [stdin] })
      expect({ command, isKnown: [0, 1, 7].includes(code) }).toEqual({ command, isKnown: true })
      expect(stderr).not.toContain('a fault of deltawire')
    }
  })
})

describe('a wrong call ends with 2 and says what is wrong', () => {
  const odd = file('odd.json', '{"a":1}')

  test.each([
    ['merge --choice x', '--choice needs a whole number'],
    ['split --by 99999999999999999999', '--by needs'],
    ['split --by bytes=99999999999999999999', '--by needs'],
    ['bench -n 99999999999999999999', '-n needs a whole number'],
    ['merge --text --usage', 'cannot be used together'],
    ['merge - -', 'can be read only once'],
    ['merge nowhere.sse', 'no such file'],
    [`merge ${folder}`, 'it is a directory'],
    ['merge demo:txet', 'did you mean demo:text'],
    ['merge --progressive --compact demo:text', 'cannot be used together'],
    ['split --by line demo:text', '--by needs character or word'],
    ['split demo:text demo:text', 'unexpected argument'],
    ['split --interval soon demo:text', '--interval needs a time'],
    ['convert --to xml demo:text', '--to needs sse'],
    ['convert --to recording --choice 1 demo:text', 'holds the bytes untouched'],
    ['record --from-har nowhere.har', 'no such file'],
    [`record --from-har ${odd}`, 'is no HAR file'],
    [`record --from-curl ${odd}`, 'does not begin with curl'],
    [`record --from-har ${odd} --from-curl ${odd}`, 'cannot be used together'],
    [`record --from-har ${odd} --proxy`, 'cannot be used together'],
    [`record --from-har ${odd} Hello`, 'there is no prompt beside it'],
    ['replay --speed fast demo:text', '--speed needs a number'],
    ['replay --speed -1 demo:text', '--speed needs a number'],
    ['replay --format xml demo:text', '--format needs bytes'],
    ['replay --from 1y demo:text', '--from needs a time'],
    ['mock --fault explode', 'there is no fault'],
    ['mock --jitter 120% demo:text', '--jitter needs a part'],
    ['mock --jitter 20% demo:text', '--jitter varies --ttft and --tps, and neither is given'],
    ['relay --ttft 5', '--ttft and --tps are about SOURCEs, and none is named'],
    ['view --json --wide demo:text', '--json and --wide cannot be used together'],
    ['chat --delimiter= ', '--delimiter needs a text that is not empty'],
    [`mock ${odd}`, 'there is no chat completion'],
    ['lint --level bad demo:text', '--level needs info'],
    ['lint --only nonsense demo:text', 'there is no rule'],
    ['lint --profile nobody demo:text', '--profile needs one of openai'],
    ['lint --json --sarif demo:text', 'cannot be used together'],
    ['doctor --checks nonsense http://127.0.0.1:1/v1', 'there is no check'],
    ['bench --fail-if ttft demo:text', 'there is no condition'],
    ['bench demo:text', 'no times were recorded'],
    ['bench --compare nowhere.json demo:text', 'cannot read'],
    [`bench --compare ${odd} demo:text`, 'there are no figures'],
    ['bench -n 0', '-n needs a whole number'],
    ['diff demo:text', 'diff compares two sources'],
    ['diff demo:text demo:text --text --chunks', 'cannot be used together'],
    ['view -i demo:text', 'needs a terminal'],
    ['view demo:text demo:text', 'unexpected argument'],
    ['tail', 'no relay is named'],
    ['tail ./nowhere.sse', 'no such file'],
    ['relay --port x', '--port needs a whole number'],
    ['relay-check', 'no relay is named'],
    ['playground --port -1', '--port needs a whole number'],
  ])('%s', async (line, said) => {
    const { code, stdout, stderr } = await runCli(line.split(' '), { stdin: '' })
    expect({ code, stdout, stderr }).toMatchObject({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^error: [^\n]+\n(?:hint: [^\n]+\n)?$/)
    expect(stderr).toContain(said)
  })
})
