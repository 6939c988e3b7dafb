import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** A piece of code of a guide, under the heading where it stands. */
export interface Snippet {
  readonly title: string
  readonly code: string
}

/** The TypeScript snippets of a Markdown text, in their order. */
export function snippetsOf(text: string): Snippet[] {
  const found: Snippet[] = []
  let title = ''
  for (const [, heading, code] of text.matchAll(/^#+ (.+)$|^```tsx?\n([^]*?)^```/gm)) {
    if (heading === undefined) found.push({ title, code: code ?? '' })
    else title = heading
  }
  return found
}

/** What the compiler says against snippets, as if each were a file of this folder, with the options of the house. */
export function typeErrorsOf(snippets: readonly Snippet[], folder: URL, options: ts.CompilerOptions = {}): string[] {
  const place = fileURLToPath(folder)
  const files = new Map(snippets.map(({ code }, at) => [`${place}snippet-${at}.tsx`, code]))
  const base = fileURLToPath(new URL('../../../tsconfig.base.json', import.meta.url))
  const { config } = ts.readConfigFile(base, (path) => ts.sys.readFile(path)) as { config: unknown }
  const { options: house } = ts.parseJsonConfigFileContent(config, ts.sys, place)
  const compilerOptions = { ...house, types: ['node'], ...options }
  const host = ts.createCompilerHost(compilerOptions)
  const { getSourceFile, fileExists } = host
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.getSourceFile = (path, version, ...rest) => {
    const code = files.get(path)
    return code === undefined ? getSourceFile(path, version, ...rest) : ts.createSourceFile(path, code, version)
  }
  const program = ts.createProgram([...files.keys()], compilerOptions, host)
  return [...files.keys()].flatMap((path, at) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(({ messageText }) => `${snippets[at]?.title}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`),
  )
}

/**
 * Runs a snippet as the module that it is: `modules` has what it imports, `globals` what it finds in place of the real
 * `console`, `process` and the like. Resolves to what it exports.
 */
export async function runSnippet(
  code: string,
  modules: Readonly<Record<string, object>>,
  globals: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const target = ts.ScriptTarget.ES2022
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  })
  const exported: Record<string, unknown> = {}
  const body = outputText
    .replaceAll(/^import (\{.*\}) from '(.*)';$/gm, (_, names: string, from: string) => {
      return `const ${names.replaceAll(' as ', ': ')} = modules['${from}'];`
    })
    .replaceAll(/^import \* as (\w+) from '(.*)';$/gm, "const $1 = modules['$2'];")
    .replaceAll(/^import (\w+) from '(.*)';$/gm, "const $1 = modules['$2'].default;")
    .replaceAll(/^export const (\w+)/gm, 'const $1 = exported.$1')
    .replaceAll(/^export default /gm, 'exported.default = ')
    .replaceAll(/^export \{\s*\};$/gm, '')
  // A snippet has `await` at its top.
  const AsyncFunction = (async () => {}).constructor as new (
    ...code: string[]
  ) => (...values: unknown[]) => Promise<void>
  const names = Object.keys(globals)
  await new AsyncFunction('modules', 'exported', ...names, body)(modules, exported, ...Object.values(globals))
  return exported
}
