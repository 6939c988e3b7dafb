import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Flags } from '../src/arguments/command.ts'
import { commands } from '../src/commands/table.ts'

const folder = dirname(fileURLToPath(import.meta.url))

/** What the tests call, as they write it: code, without comments and names of tests. */
const tests = readdirSync(folder)
  .filter((name) => name.endsWith('.test.ts') && name !== 'flags-tested.test.ts')
  .map((name) => readFileSync(join(folder, name), 'utf8'))

/** The transcripts of the guides are run as well. */
const guides = ['chat', 'streams'].map((name) => readFileSync(join(folder, `../../../docs/${name}.md`), 'utf8'))
const examples = commands.flatMap((entry) => entry.examples.map(({ run }) => run))
const text = [...tests, ...guides, ...examples].join('\n')

/** Whether something that is run names a flag, by its long name or by its letter. */
function isNamed(name: string, { short }: Flags[string]): boolean {
  const long = new RegExp(`(?<![\\w-])--${name}(?![\\w-])`)
  return long.test(text) || (short !== undefined && new RegExp(`(?<![\\w-])-\\w*${short}(?![\\w-])`).test(text))
}

/** Known to have no test yet. Whoever writes one takes its line away; nobody adds one. */
const untested = [
  'record --host',
  'mock --host',
  'mock --cors',
  'relay --host',
  'relay --upstream',
  'relay --anybody',
  'relay --log',
  'relay-check --long-model',
  'relay-check --transcript',
  'bench --prompt',
  'bench --rate',
  'bench --duration',
]

describe('every flag that is accepted', () => {
  test('is named by a test, a transcript or an example that is run', () => {
    const forgotten = commands.flatMap(({ name, flags }) =>
      Object.entries(flags).flatMap(([flag, entry]) => (isNamed(flag, entry) ? [] : [`${name} --${flag}`])),
    )
    expect(forgotten).toEqual(untested.filter((flag) => forgotten.includes(flag)))
  })
})
