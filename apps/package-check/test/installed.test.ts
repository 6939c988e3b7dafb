import { readFile, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { root } from './root.ts'
import { run } from './run.ts'

const consumer = inject('consumer')
const entries = inject('packages').flatMap((published) => published.entries)

describe('a project that installed the packages', () => {
  it('finds the entries to try', () => {
    expect(entries).toEqual(expect.arrayContaining(['@deltawire/core', '@deltawire/node']))
  })

  it.each(entries)('imports %s', async (entry) => {
    const code = `import * as all from '${entry}'; console.log(Object.keys(all).length > 0)`
    expect(await script('import.mjs', code)).toEqual({ code: 0, output: 'true\n' })
  })

  it.each(entries)('requires %s, without a warning', async (entry) => {
    const code = `console.log(Object.keys(require('${entry}')).length > 0)`
    expect(await script('require.cjs', code)).toEqual({ code: 0, output: 'true\n' })
  })

  // The program's first line asks for `node`: it gets the one that runs this test.
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter)

  it('runs the command line program', async () => {
    const result = await run('npx', ['--no', 'deltawire', '--version'], consumer, { PATH })
    expect(result).toEqual({ code: 0, output: expect.stringMatching(/^\d+\.\d+\.\d+\S*\n$/) })
  })

  it('runs the first lines of the README, by the command that stands there', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8')
    const [, code = ''] = /^```ts\n([^]*?)^```/m.exec(readme) ?? []
    const [, command = ''] = /^npx (@deltawire\/cli mock .*?) +#/m.exec(readme) ?? []
    expect(command).toContain('answer.mjs')
    await writeFile(join(consumer, 'answer.mjs'), code)
    const result = await run('npx', ['--no', ...command.split(' ')], consumer, { PATH })
    expect(result).toEqual({ code: 0, output: expect.stringContaining('the sum of chunks is itself a chunk.') })
  })
})

async function script(name: string, code: string) {
  const file = join(consumer, name)
  await writeFile(file, code)
  return run(process.execPath, [file], consumer)
}
