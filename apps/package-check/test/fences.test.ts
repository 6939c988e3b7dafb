import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { root } from './root.ts'
import { run } from './run.ts'

// The floors of the house are held by tools. Here each tool is handed what it must refuse.

const folders: string[] = []
afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })))
})

describe('the compiler', () => {
  const platform = ['setTimeout', 'console', 'process', 'fetch', 'TextDecoder', 'ReadableStream', 'structuredClone']

  it('knows no platform in core', async () => {
    const { code, output } = await compileInCore(platform.map((name) => `export const ${name}_ = ${name}`).join('\n'))
    expect(code).not.toBe(0)
    for (const name of platform) expect(output).toContain(`Cannot find name '${name}'`)
  })

  it('knows no module of Node.js in core', async () => {
    expect((await compileInCore(`export const files = import('node:fs')`)).output).toContain('node:fs')
  })

  it('takes what core is written in', async () => {
    expect(await compileInCore(`export const list = [1, 2].toReversed()`)).toEqual({ code: 0, output: '' })
  })

  async function compileInCore(code: string) {
    const folder = await workspace({
      'in-core.ts': code,
      'tsconfig.json': JSON.stringify({ extends: join(root, 'packages/core/tsconfig.json'), include: ['in-core.ts'] }),
    })
    return run(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false'],
      folder,
    )
  }
})

describe('the linter', () => {
  it.each([
    ['an import', `import 'eventsource-parser'`],
    ['an import of a type', `export type { Stream } from 'openai/streaming'`],
    ['a module of Node.js', `export { readFile } from 'node:fs/promises'`],
    ['the house itself', `export { project } from '@deltawire/testkit'`],
  ])('refuses in core %s', async (_name, code) => {
    const { code: exit, output } = await lint({ 'packages/core/src/bad.ts': code })
    expect(exit).not.toBe(0)
    expect(output).toContain('core imports nothing from outside core')
  })

  it('refuses a circle of imports', async () => {
    const { code, output } = await lint({
      'packages/node/src/a.ts': `import { b } from './b.ts'\nexport const a = (): unknown => b`,
      'packages/node/src/b.ts': `import { a } from './a.ts'\nexport const b = (): unknown => a`,
    })
    expect(code).not.toBe(0)
    expect(output).toContain('no-cycle')
  })

  it('takes what is allowed', async () => {
    const { code, output } = await lint({
      'packages/core/src/a.ts': `export { b } from './b.ts'`,
      'packages/core/src/b.ts': `export const b = 1`,
      'packages/node/src/c.ts': `export { readFile } from 'node:fs/promises'`,
    })
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('0 errors') })
  })

  async function lint(files: Record<string, string>) {
    const folder = await workspace(files)
    await cp(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'))
    return run(process.execPath, [join(root, 'node_modules/oxlint/bin/oxlint')], folder)
  }
})

describe('the boundaries', () => {
  it('refuse a program in an adapter', async () => {
    expect(await boundaries({ 'packages/node/src/bad.ts': `import '@deltawire/cli'` })).toContain(
      'cannot import package `@deltawire/cli`',
    )
  })

  it('refuse a path into another package', async () => {
    expect(await boundaries({ 'packages/core/src/bad.ts': `import '../../node/src/index.ts'` })).toContain(
      'leaves the package',
    )
  })

  it('take the house as it is', async () => {
    expect(await boundaries({})).toContain('no issues found')
  })

  async function boundaries(files: Record<string, string>) {
    // Manifests and sources are all that turbo looks at here; no git and no node_modules.
    const folder = await workspace({})
    await cp(root, folder, {
      recursive: true,
      filter: (path) => !/[/\\](node_modules|dist|coverage|cases|\.git|\.turbo|\.cache)$/.test(path),
    })
    await write(folder, files)
    const { output } = await run(process.execPath, [join(root, 'node_modules/turbo/bin/turbo'), 'boundaries'], folder, {
      DO_NOT_TRACK: '1',
    })
    return output
  }
})

async function workspace(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'deltawire-fences-'))
  folders.push(folder)
  await write(folder, files)
  return folder
}

async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [path, code] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), code)
  }
}
