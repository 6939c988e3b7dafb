import * as core from '@deltawire/core'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { format } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import * as zod from 'zod'
import * as node from '../../src/index.ts'
import { type ByteServer, done, event, serveBytes, stream } from './byte-server.ts'

const guide = await readFile(new URL('../../../../docs/node.md', import.meta.url), 'utf8')
const snippets = [...guide.matchAll(/^## (.+)\n[^]*?```ts\n([^]*?)```/gm)].map(([, title = '', code = '']) => ({
  title,
  code,
}))

/** What each snippet prints. */
const printed: Record<string, string> = {
  'A first stream': 'Hello there.stop 9\n',
  'What it can be':
    'Hello there.\ntext: Hello \ntext: there.\nended: stop\n200 req_1\ntext/event-stream; charset=utf-8\ntrue\n',
  'When it breaks':
    'arrived: Hello \nincomplete_stream [incomplete_stream] the stream ended without [DONE] and without a finish reason\npartial: Hello \n',
  Leaving: 'first: Hello \nkept: Hello  AbortError\n',
  'Answers with a schema': "… 0\nParis 0\nParis 1\nParis 2\n[ 'LOUVRE', 'SEINE' ]\n",
  Tools: 'calls weather { city: \'Paris\' }\ngets {"city":"Paris","celsius":20}\n2 20 degrees 4\n',
}

let server: ByteServer

beforeAll(async () => {
  server = await serveBytes((socket, { body }) => {
    const { model, response_format, tools, messages } = JSON.parse(body) as core.ChatCompletionRequest
    const usage = { prompt_tokens: 5, completion_tokens: 4, total_tokens: 9 }
    const end = [event({}, 'stop'), event({}, null, { choices: [], usage }), done]
    const answer = (...texts: string[]) => [...texts.map((content) => event({ content })), ...end]
    const call = {
      index: 0,
      id: 'call_1',
      type: 'function',
      function: { name: 'weather', arguments: '{"city":"Paris"}' },
    }
    const events =
      model === 'broken'
        ? [event({ content: 'Hello ' })]
        : response_format !== undefined
          ? answer('{', '"city":"Paris",', '"sights":[{"name":"Louvre"}', ',{"name":"Seine"}]}')
          : tools === undefined
            ? answer('Hello ', 'there.')
            : messages.at(-1)?.role === 'tool'
              ? answer('20 degrees')
              : [event({ tool_calls: [call] }), ...end]
    stream(socket, events, { 'x-request-id': 'req_1' })
  })
  vi.stubEnv('OPENAI_BASE_URL', server.baseURL)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await server.close()
})

const modules: Record<string, object> = { '@deltawire/core': core, '@deltawire/node': node, zod }

/** Runs a snippet as the module that it is, and gives what it prints. */
async function run(code: string): Promise<string> {
  let text = ''
  const target = ts.ScriptTarget.ES2022
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  })
  const body = outputText.replaceAll(/^import (\{.*\}) from '(.*)';$/gm, "const $1 = modules['$2'];")
  const print = { log: (...values: unknown[]) => (text += `${format(...values)}\n`) }
  const out = { stdout: { write: (piece: string) => (text += piece) } }
  // A snippet has `await` at its top.
  const AsyncFunction = (async () => {}).constructor as new (
    ...code: string[]
  ) => (...values: unknown[]) => Promise<void>
  await new AsyncFunction('modules', 'console', 'process', body)(modules, print, out)
  return text
}

describe('the guide', () => {
  it('has a snippet in every section that the test knows, and no other', () => {
    expect(snippets.map(({ title }) => title)).toEqual(Object.keys(printed))
    expect(guide.match(/```ts/g)).toHaveLength(snippets.length)
  })

  it('compiles', { timeout: 30_000 }, () => {
    const folder = fileURLToPath(new URL('.', import.meta.url))
    const files = new Map(snippets.map(({ code }, at) => [`${folder}snippet-${at}.ts`, code]))
    const { config } = ts.readConfigFile(`${folder}../../../../tsconfig.base.json`, (path) =>
      ts.sys.readFile(path),
    ) as { config: unknown }
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, folder)
    const compilerOptions = { ...options, types: ['node'], noUnusedLocals: true, composite: false }
    const host = ts.createCompilerHost(compilerOptions)
    const { getSourceFile, fileExists } = host
    host.fileExists = (path) => files.has(path) || fileExists(path)
    host.getSourceFile = (path, version, ...rest) => {
      const code = files.get(path)
      return code === undefined ? getSourceFile(path, version, ...rest) : ts.createSourceFile(path, code, version)
    }
    const program = ts.createProgram([...files.keys()], compilerOptions, host)
    const found = [...files.keys()].flatMap((path) => ts.getPreEmitDiagnostics(program, program.getSourceFile(path)))
    expect(
      found.map(
        ({ messageText, file, start }) =>
          `${file?.fileName}:${start} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
      ),
    ).toEqual([])
  })

  it.for(snippets.map(({ title, code }) => [title, code] as const))(
    'prints what it says: %s',
    async ([title, code]) => {
      expect(await run(code)).toBe(printed[title])
    },
  )
})
