import { readFile, readdir } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { checkPackage, createPackageFromTarballData, type Problem } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { describe, expect, inject, it } from 'vitest'

const packages = inject('packages').map((published) => [published.name, published] as const)

describe.each(packages)('%s', (name, { entries, source, tarball, installed }) => {
  it('has no finding of publint', async () => {
    const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true })
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
  })

  it('has types that agree with its code', async () => {
    const result = await checkPackage(createPackageFromTarballData(await readFile(tarball)))
    expect(Boolean(result.types)).toBe(entries.length > 0)
    expect((result.types ? result.problems : []).filter((problem) => !planned(problem))).toEqual([])
  })

  it('holds the build and the papers, and nothing else', async () => {
    const papers = ['LICENSE', 'README.md', 'package.json']
    for (const paper of ['CHANGELOG.md', 'PROTOCOL.md']) if (existsSync(join(source, paper))) papers.push(paper)
    const schemas = join(source, 'schemas')
    if (existsSync(schemas)) papers.push(...(await readdir(schemas)).map((file) => join('schemas', file)))
    const files = (await filesIn(installed)).filter(
      (file) => !/^dist\/([\w/-]+\.(js|js\.map|d\.ts)|playground\/\w+\.(css|html|svg))$/.test(file),
    )
    expect(files).toEqual(papers.toSorted())
  })

  it('has no condition that leads to the source', async () => {
    const manifest = await readFile(join(installed, 'package.json'), 'utf8')
    expect(manifest).not.toContain('src/')
    expect(manifest).not.toContain('@deltawire/source')
  })

  it('names no place of the workspace', async () => {
    expect(await readFile(join(installed, 'package.json'), 'utf8')).not.toMatch(/workspace:|catalog:|file:|link:/)
  })

  it.skipIf(name === '@deltawire/cli')('holds no code of another package', async () => {
    // A devDependency that the source imports would be bundled without a word.
    const maps = (await filesIn(installed)).filter((file) => file.endsWith('.js.map'))
    expect(maps).not.toEqual([])
    for (const map of maps) {
      const { sources } = JSON.parse(await readFile(join(installed, map), 'utf8')) as { sources: string[] }
      const paths = sources.map((path) => normalize(join(dirname(map), path)))
      expect(paths.filter((path) => !path.startsWith('src'))).toEqual([])
    }
  })
})

/** These come with packages that are ES modules only. */
function planned(problem: Problem): boolean {
  // Every supported Node.js can require an ES module; installed.test.ts shows it.
  if (problem.kind === 'CJSResolvesToESM') return true
  // `moduleResolution: node10` knows no "exports". TypeScript 7 has dropped it.
  return problem.kind === 'NoResolution' && problem.resolutionKind === 'node10' && problem.entrypoint !== '.'
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !entry.parentPath.includes(join(folder, 'node_modules')))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}
