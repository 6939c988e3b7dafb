import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { root } from './root.ts'
import { run } from './run.ts'

const consumer = inject('consumer')
// What is for pages needs the DOM, which a project of Node.js does not have.
const entries = inject('packages')
  .filter(({ name }) => name !== '@deltawire/browser')
  .flatMap((published) => published.entries)

/** What an application writes. The wrong lines show that the types are more than `any`. */
const core = `
import { accumulate, isStreamError, textOf, type ChatCompletionChunk } from '@deltawire/core'

export async function answer(chunks: AsyncIterable<ChatCompletionChunk>): Promise<string> {
  const { completion, error } = await accumulate(chunks)
  if (isStreamError(error) && error.code === 'http_status') return String(error.details.status)
  // @ts-expect-error there may be no completion
  completion.choices
  return completion === null ? '' : textOf(completion)
}
// @ts-expect-error a number is no stream
void accumulate(3)
`
const everything = entries.map((entry, index) => `export * as entry${index} from '${entry}'`).join('\n')

beforeAll(async () => {
  await writeFile(join(consumer, 'core.mts'), core)
  await writeFile(join(consumer, 'everything.mts'), everything)
})

const compilations = inject('compilations').map(
  (compilation) => [compilation.version, compilation.resolution, compilation] as const,
)

describe.each(compilations)('TypeScript %s, module resolution %s', (_version, _resolution, { tsc, resolution }) => {
  it('compiles the core where there is neither a DOM nor Node.js', async () => {
    expect(await compile('core.mts')).toEqual({ code: 0, output: '' })
  })

  it('compiles everything in a Node.js project', async () => {
    const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node']
    expect(await compile('everything.mts', types)).toEqual({ code: 0, output: '' })
  })

  // Without skipLibCheck: the declarations themselves are read too.
  function compile(file: string, types: string[] = []) {
    const module = resolution === 'bundler' ? 'esnext' : resolution
    const target = ['--noEmit', '--pretty', 'false', '--strict', '--target', 'es2022', '--lib', 'es2022']
    const args = [tsc, ...target, '--module', module, '--moduleResolution', resolution, ...types, file]
    return run(process.execPath, args, consumer)
  }
})
