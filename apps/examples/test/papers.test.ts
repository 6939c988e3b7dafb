import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cases, corpus, corpusMissing } from '@deltawire/testkit'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const foldersIn = (path: string): string[] => readdirSync(join(root, path)).map((name) => join(path, name))

const papers = ['', '.github', 'docs', ...foldersIn('packages'), ...foldersIn('apps')].flatMap((folder) =>
  foldersIn(folder).filter((path) => path.endsWith('.md') && !path.endsWith('CHANGELOG.md')),
)

/** A text without its code: what stands there leads nowhere and is no heading. */
const wordsOf = (path: string): string => read(path).replaceAll(/^(`{3,})[^]*?^\1/gm, '')

/** Where the links of a paper lead, but for those that leave the repository. */
function linksOf(path: string): string[] {
  const text = wordsOf(path).replaceAll(/`[^`\n]*`/g, '')
  const found = [...text.matchAll(/\]\(([^)\s]+)[^)]*\)|(?:src|href)="([^"]+)"/g)]
  return found.map(([, link, source]) => link ?? source ?? '').filter((link) => !/^[a-z]+:/.test(link))
}

/** The names by which a paper's headings are linked to: those that GitHub gives them. */
function headingsOf(path: string): Set<string> {
  const names = new Set<string>()
  for (const [, heading = ''] of wordsOf(path).matchAll(/^#+ (.+)$/gm)) {
    const words = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
    const name = words.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')
    let nth = 0
    while (names.has(nth === 0 ? name : `${name}-${nth}`)) nth++
    names.add(nth === 0 ? name : `${name}-${nth}`)
  }
  return names
}

describe('the papers', () => {
  it.for(papers)('lead nowhere that is not there: %s', (path) => {
    const dead = linksOf(path).filter((link) => {
      const [file = '', heading] = link.split('#')
      const target = file === '' ? path : join(dirname(path), file)
      return (
        !existsSync(join(root, target)) ||
        (heading !== undefined && target.endsWith('.md') && !headingsOf(target).has(heading))
      )
    })
    expect(dead).toEqual([])
  })

  it('are all in the table of contents', () => {
    const guides = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md') && name !== 'README.md')
    expect(linksOf('docs/README.md')).toEqual(expect.arrayContaining(guides))
  })
})

/** What each package can be imported by, and the source that it stands for. */
const entries = ['core', 'node', 'browser', 'websocket-bridge'].flatMap((name) => {
  const { exports } = JSON.parse(read(`packages/${name}/package.json`)) as { exports: Record<string, unknown> }
  return Object.entries(exports).flatMap(([entry, target]) => {
    const source = (target as Record<string, string>)['@deltawire/source']
    return source === undefined ? [] : [[join(name, entry), join('packages', name, source)] as const]
  })
})

describe('the papers name everything', () => {
  const all = papers.map(read).join('\n')
  it.for(entries)('that %s exports to be called', ([, source]) => {
    const names = [
      ...[...read(source).matchAll(/^export \{([^}]*)\} from/gm)].flatMap(([, list = '']) => list.split(',')),
      ...[...read(source).matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm)].map(([, name = '']) => name),
    ].map((name) => name.trim())
    const called = names.filter((name) => name !== '' && !name.startsWith('type '))
    expect(called).not.toEqual([])
    expect(called.filter((name) => !new RegExp(`\\b${name}\\b`).test(all))).toEqual([])
  })
})

describe('a docstring says what it is', () => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), (path) => ts.sys.readFile(path))
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, root)
  const program = ts.createProgram(
    entries.map(([, source]) => join(root, source)),
    options,
  )
  const checker = program.getTypeChecker()

  const isOurs = (symbol: ts.Symbol): boolean =>
    symbol.declarations?.some((each) => each.getSourceFile().fileName.startsWith(join(root, 'packages'))) === true
  const isSilent = (symbol: ts.Symbol): boolean =>
    isOurs(symbol) &&
    symbol.getDocumentationComment(checker).length === 0 &&
    !symbol.getJsDocTags().some(({ name }) => name === 'internal')
  const exportsOf = (source: string): ts.Symbol[] => {
    const file = program.getSourceFile(join(root, source))
    const module = file && checker.getSymbolAtLocation(file)
    const symbols = module === undefined ? [] : checker.getExportsOfModule(module)
    return symbols.map((each) => (each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each))
  }

  it.for(entries)('for all that %s exports, and for its options', ([, source]) => {
    const exported = exportsOf(source)
    expect(exported).not.toEqual([])
    const silent = exported.flatMap((symbol) => {
      const members = symbol.name.endsWith('Options') ? checker.getDeclaredTypeOfSymbol(symbol).getProperties() : []
      return [
        ...(isSilent(symbol) ? [symbol.name] : []),
        ...members.filter(isSilent).map((member) => `${symbol.name}.${member.name}`),
      ]
    })
    expect(silent).toEqual([])
  })
})

describe('the README counts right', () => {
  const readme = read('README.md')

  it('the deviations that are a test case', () => {
    const [, most] = /More than (\d+) ways/.exec(readme) ?? []
    expect(cases.length).toBeGreaterThan(Number(most))
  })

  const recordings = corpus()
  it.skipIf(recordings === undefined)(`the recordings${recordings ? '' : `: ${corpusMissing}`}`, () => {
    const recorded = (recordings ?? []).filter(({ real }) => real)
    const providers = new Set(recorded.map(({ provider }) => provider)).size
    expect(readme).toContain(`${recorded.length} recorded streams of ${providers} providers`)
  })
})
