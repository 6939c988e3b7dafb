import { describe, expect, test } from 'vitest'
import { commandHelp, generalHelp, widthOf } from '../src/arguments/help-text.ts'
import { commands } from '../src/commands/table.ts'
import { controlCharactersIn } from './control-characters.ts'
import { runCli } from './run-cli.ts'

async function failure(...argv: string[]) {
  const { code, stdout, stderr } = await runCli(argv)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  return stderr
}

describe('the command line', () => {
  test('shows the help when it is called with nothing, and says that this is no use', async () => {
    const { code, stdout, stderr } = await runCli([])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Usage:')
  })

  test('shows the help on standard output when it is asked for', async () => {
    const { code, stdout, stderr } = await runCli(['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const { name } of commands) if (!name.includes(' ')) expect(stdout).toContain(`  ${name} `)
    expect(await runCli(['help'])).toMatchObject({ code: 0, stdout })
    expect(await runCli(['-h'])).toMatchObject({ code: 0, stdout })
  })

  test.each(commands)('has a page about $name with every flag and examples', async ({ name, flags, examples }) => {
    const { code, stdout } = await runCli(['help', ...name.split(' ')])
    expect(code).toBe(0)
    for (const flag of Object.keys(flags)) expect(stdout).toContain(`-${flag}`)
    expect(examples.length).toBeGreaterThan(0)
    for (const { run } of examples) expect(stdout).toContain(run)
    // An example is to be copied, and stays one line.
    const prose = stdout.split('\n').filter((line) => !examples.some(({ run }) => line.trim() === run.trim()))
    for (const line of prose) expect(line.length).toBeLessThanOrEqual(130)
  })

  test('shows the page of a command whatever else is wrong with the call', async () => {
    const { stdout } = await runCli(['help', 'merge'])
    expect(await runCli(['merge', '--nonsense', '--help'])).toMatchObject({ code: 0, stdout })
    expect(await runCli(['-q', 'merge', '-h'])).toMatchObject({ code: 0, stdout })
  })

  test('fits its pages to the terminal', () => {
    expect([undefined, 200, 80, 20].map(widthOf)).toEqual([96, 96, 79, 40])
    for (const width of [60, 79, 96]) {
      for (const entry of commands) {
        // What is to be typed stays one line, and so does a word.
        const page = commandHelp(entry, commands, width).split('\nExamples:')[0] ?? ''
        const prose = page.split('\n').filter((line) => !/^(?:Usage: |deltawire )|^ *\S+$|^ {2}\S/.test(line))
        for (const line of prose) expect({ width, line, length: line.length }).toSatisfy(() => line.length <= width)
      }
      expect(generalHelp(commands, width)).toContain('Usage:')
    }
  })

  test('says what is wrong in whole words where a terminal is narrow', async () => {
    const { stderr } = await runCli(['merge', '/no/such/file'], { isTTY: true, columns: 40 })
    expect(stderr).toMatch(/^error: cannot read "\/no\/such\/file": no\nsuch file\nhint: /)
    for (const line of stderr.split('\n')) expect(line.length).toBeLessThanOrEqual(40)
    expect(await failure('playground', 'extra')).toMatch(/^error: unexpected argument "extra": playground takes none\n/)
  })

  test('tells its version', async () => {
    expect((await runCli(['--version'])).stdout).toMatch(/^deltawire \d+\.\d+\.\d+\n$/)
  })

  test('suggests the flag that was meant', async () => {
    expect(await failure('merge', '--tool-cals', 'demo:text')).toBe(
      'error: unknown flag --tool-cals\nhint: did you mean --tool-calls?\n',
    )
    expect(await failure('merge', '-x')).toBe('error: unknown flag -x\nhint: see deltawire merge --help\n')
    expect(await failure('--nonsense', 'hello')).toBe(
      'error: unknown flag --nonsense\nhint: see deltawire ask --help\n',
    )
  })

  test('suggests the command that was meant, when it is surely one', async () => {
    expect(await failure('merg')).toMatch(/^error: there is no command "merg"\nhint: did you mean deltawire merge\?/)
    expect(await failure('mrege', 'demo:text')).toContain('deltawire merge?')
    expect(await failure('splt', '--by', 'word')).toContain('deltawire split?')
    expect(await failure('help', 'convrt')).toContain('deltawire help convert?')
  })

  test('takes everything else for a prompt', async () => {
    const env = { DELTAWIRE_MODEL: 'demo:text' }
    expect((await runCli(['merges', 'and', 'acquisitions'], { env })).code).toBe(0)
    expect((await runCli(['hello'], { env })).code).toBe(0)
    expect((await runCli(['-m', 'demo:text', 'hello'])).code).toBe(0)
    expect((await runCli(['--', 'merge', 'these'], { env })).code).toBe(0)
  })

  test('suggests the recording that was meant', async () => {
    expect(await failure('merge', 'demo:tool')).toContain('did you mean demo:tools?')
    expect(await failure('merge', 'demo:')).toContain('demo:text, demo:tools')
  })

  test('refuses a value that is none', async () => {
    expect(await failure('merge', '--choice', 'one')).toBe(
      'error: --choice needs a whole number from 0, not "one"\nhint: see deltawire merge --help\n',
    )
    expect(await failure('merge', '--choice', '-1')).toContain('--choice needs a whole number from 0, not "-1"')
    expect(await failure('merge', '-n', '0')).toContain('-n needs a whole number from 1')
    expect(await failure('merge', '--choice')).toContain('--choice needs a whole number from 0\n')
    expect(await failure('merge', '--choice', '--text')).toContain('--choice needs a whole number from 0\n')
    expect(await failure('merge', '--text=yes')).toContain('--text takes no value')
    expect(await failure('split', '--by', 'sentence')).toContain(
      '--by needs character or word or token or a whole number from 1 or so many bytes as in bytes=16, not "sentence"',
    )
    expect(await failure('split', '--by', '0')).toContain('--by needs')
    expect(await failure('convert', '--to', 'xml')).toContain('--to needs sse or jsonl or completion or text')
    expect(await failure('mock', '--port', '65536')).toContain('--port needs a whole number from 0 to 65535')
    expect(await failure('mock', '--tps', '')).toContain('--tps needs a number from 0')
  })

  test('refuses flags that contradict each other', async () => {
    expect(await failure('merge', 'demo:text', '--text', '--usage')).toContain(
      '--text and --usage cannot be used together',
    )
    expect(await failure('ask', 'hi', '--json', '--jsonl')).toContain('--json and --jsonl cannot be used together')
  })

  test('refuses what it cannot read, before anything is printed', async () => {
    expect(await failure('merge', 'demo:text', '/no/such/file')).toMatch(
      /^error: cannot read "\/no\/such\/file": no such file\nhint: /,
    )
    expect(await failure('merge', '/')).toContain('it is a directory')
    expect(await failure('merge', '-', '-')).toContain('can be read only once')
    expect(await failure('split', 'a', 'b')).toContain('unexpected argument "b"')
  })

  test('shows no control character of an argument', async () => {
    const stderr = await failure('merge', '\u001B]0;title\u0007', '/no\u001Bfile')
    expect(controlCharactersIn(stderr)).toEqual([])
  })
})
