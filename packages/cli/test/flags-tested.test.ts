import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Flag } from '../src/arguments/command.ts'
import { commands } from '../src/commands/table.ts'

const folder = dirname(fileURLToPath(import.meta.url))

/**
 * What is run, piece by piece: every test with what its file has outside of tests, where the helpers stand that name its
 * command; every transcript of the guides; every example.
 */
function piecesOf(file: string): string[] {
  const parts = file.split(/^(?= *(?:describe|test|it)(?:\.\w+)*[(<])/m)
  const isTest = (part: string) => /^ *(?:test|it)\b/.test(part)
  const around = parts.filter((part) => !isTest(part)).join('')
  return [around, ...parts.filter(isTest).map((part) => around + part)]
}

const tests = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts') && name !== 'flags-tested.test.ts')
  .flatMap((name) => piecesOf(readFileSync(join(folder, name), 'utf8')))
const transcripts = ['chat', 'streams'].flatMap((name) =>
  readFileSync(join(folder, `../../../docs/${name}.md`), 'utf8').split(/^(?=\$ )/m),
)
const examples = commands.flatMap((entry) => entry.examples.map(({ run }) => run))
const pieces = [...tests, ...transcripts, ...examples]

/**
 * Whether a piece calls the command: `deltawire mock`, or `'mock'` as the arguments of a call have it. `ask` needs no
 * name: it is what arguments mean that begin with a flag.
 */
function calls(piece: string, command: string): boolean {
  if (command === 'ask' && /\brun(?:Cli)?\(\s*\[\s*'-|deltawire -/.test(piece)) return true
  const isShown = piece.includes(`'${command}'`) || new RegExp(`deltawire ${command}(?![\\w-])`).test(piece)
  return isShown || command.split(' ').every((word) => piece.includes(`'${word}'`))
}

/** Whether a piece names a flag, by its long name or by its letter. */
function names(piece: string, name: string, { short }: Flag): boolean {
  const long = new RegExp(`(?<![\\w-])--${name}(?![\\w-])`)
  return long.test(piece) || (short !== undefined && new RegExp(`(?<![\\w-])-\\w*${short}(?![\\w-])`).test(piece))
}

/** A flag that several commands share is one: its group is written, and read, in one place. */
const users = new Map<Flag, { readonly name: string; readonly commands: string[] }>()
for (const command of commands) {
  for (const [name, flag] of Object.entries(command.flags)) {
    const known = users.get(flag) ?? { name, commands: [] }
    known.commands.push(command.name)
    users.set(flag, known)
  }
}

describe('every flag that is accepted', () => {
  test('is not counted for a command that another test calls', () => {
    const [around = '', first = '', second = ''] = piecesOf(
      "describe('x', () => {\n  test('a', () => run(['mock', '--host', 'h']))\n  it('b', () => run(['record']))\n",
    )
    expect([around, first, second].map((piece) => calls(piece, 'record'))).toEqual([false, false, true])
    expect([first, second].map((piece) => /--host/.test(piece))).toEqual([true, false])
  })

  test('is named by a test, a transcript or an example that calls a command with it', () => {
    const callers = new Map(commands.map(({ name }) => [name, pieces.filter((piece) => calls(piece, name))]))
    const forgotten = [...users].flatMap(([flag, { name, commands: having }]) =>
      having.some((command) => callers.get(command)?.some((piece) => names(piece, name, flag)))
        ? []
        : [`${having.join(', ')}: --${name}`],
    )
    expect(forgotten).toEqual([])
  })
})
