import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commands } from '../src/commands/table.ts'
import { demoBytes } from '../src/source/demo.ts'

/** The file that is published. `pnpm build` makes it. */
const binary = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'deltawire-binary-'))

beforeAll(() => {
  if (!existsSync(binary)) throw new Error('packages/cli/dist/main.js is missing: run pnpm build first')
  writeFileSync(join(folder, 'deltawire'), `#!/bin/sh\nexec '${process.execPath}' '${binary}' "$@"\n`, { mode: 0o755 })
})
afterAll(() => rmSync(folder, { recursive: true }))

function builtFiles() {
  const dist = dirname(binary)
  return readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => ({ name, code: readFileSync(join(dist, name), 'utf8') }))
}

function eagerImportsOf(code: string): string[] {
  return [...code.matchAll(/\b(?:import|from) ?["']([\w@./:-]+)["']/g)].map(([, name = '']) => name)
}

function importsOf(code: string): string[] {
  return [
    ...eagerImportsOf(code),
    ...[...code.matchAll(/\bimport\(["']([\w@./:-]+)["']\)/g)].map(([, name = '']) => name),
  ]
}

/** A file and all that is loaded with it. */
function loadedWith(name: string, known = new Map<string, string>()): Map<string, string> {
  if (known.has(name)) return known
  const code = readFileSync(join(dirname(binary), name), 'utf8')
  known.set(name, code)
  for (const other of eagerImportsOf(code)) if (other.startsWith('.')) loadedWith(join(dirname(name), other), known)
  return known
}

function start(program: string, argv: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(program, argv, { env: { PATH: `${folder}:${process.env['PATH']}`, ...env }, cwd: folder })
}

async function outcome(child: ChildProcess) {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (text: Buffer) => (stdout += text.toString()))
  child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { code, signal, stdout, stderr }
}

async function deltawire(argv: readonly string[], stdin: Uint8Array | string = '', env: Record<string, string> = {}) {
  const child = start(process.execPath, [binary, ...argv], env)
  child.stdin?.on('error', () => {})
  child.stdin?.end(stdin)
  return outcome(child)
}

async function shell(line: string) {
  const child = start('/bin/sh', ['-c', line])
  child.stdin?.end()
  return outcome(child)
}

/** Resolves with the text so far when it matches. */
async function seen(child: ChildProcess, from: 'stderr' | 'stdout', what: RegExp): Promise<string> {
  let text = ''
  for await (const piece of child[from] ?? []) {
    text += String(piece)
    if (what.test(text)) return text
  }
  throw new Error(`${from} ended with ${text}`)
}

// They wait for each other's processes more than they work.
describe('the binary', { concurrent: true }, () => {
  test('can be run, and depends on nothing', () => {
    expect(readFileSync(binary, 'utf8').startsWith('#!/usr/bin/env node\n')).toBe(true)
    expect(statSync(binary).mode & 0o111).toBe(0o111)
    const files = builtFiles()
    for (const { code } of files) expect(importsOf(code).filter((name) => !/^(?:node:|\.)/.test(name))).toEqual([])
    // The tables of two tokenizers are data, and only read to count tokens exactly.
    const code = files.filter(({ name }) => !/_base-/.test(name))
    expect(code.reduce((bytes, file) => bytes + Buffer.byteLength(file.code), 0)).toBeLessThan(1_500_000)
  })

  test('reads few files at a start, and no module of Node.js that is slow to load', () => {
    // A file costs a start a millisecond of CPU, a hundred kilobytes seven, `import 'node:util'` five: bench/start.mjs.
    for (const [name, files, length] of [
      ['start', 4, 90_000],
      ['merge', 5, 160_000],
    ] as const) {
      const first = builtFiles().find((file) => new RegExp(`${name}-[^/]*$`).test(file.name))
      const read = loadedWith(first?.name ?? '')
      expect({ name, files: read.size }).toSatisfy((found) => found.files <= files)
      expect([...read.values()].reduce((sum, code) => sum + code.length, 0)).toBeLessThan(length)
      const builtins = [...read.values()].flatMap(eagerImportsOf).filter((imported) => imported.startsWith('node:'))
      expect(builtins.filter((imported) => !['node:buffer', 'node:module'].includes(imported))).toEqual([])
    }
  })

  test('reads a pipe and tells the exit code', async () => {
    expect(await deltawire(['merge', '--text'], demoBytes('reasoning'))).toMatchObject({
      code: 0,
      stdout: '9.8 is larger than 9.11.',
      stderr: '',
    })
    expect(await deltawire(['merge', '--text'], demoBytes('cut'))).toMatchObject({ code: 7 })
    expect(await deltawire(['merge', '--txt'])).toMatchObject({ code: 2, stdout: '' })
    expect(await deltawire(['Hello'])).toMatchObject({ code: 3, stdout: '' })
    expect(
      await deltawire(['Hello'], '', { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', DELTAWIRE_MODEL: 'm' }),
    ).toMatchObject({ code: 6 })
  })

  test('loses nothing of an answer that is larger than a pipe', async () => {
    const content = 'x'.repeat(3_000_000)
    const stdin = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`
    const { code, stdout } = await deltawire(['merge', '--text'], stdin)
    expect(code).toBe(0)
    expect(stdout.length).toBe(content.length)
  })

  test.skipIf(process.platform === 'win32')('ends quietly when the reader of its output has left', async () => {
    const many = join(folder, 'many.sse')
    const chunk = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x'.repeat(1000) } }] })}\n\n`
    const last = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`
    writeFileSync(many, `${chunk.repeat(5000)}${last}data: [DONE]\n\n`)
    for (const command of [`convert ${many}`, `convert ${many} --to text`, `merge ${many}`]) {
      const { stdout, stderr } = await shell(`(deltawire ${command}; echo "exit $?" >&2) | head -c 1`)
      expect({ command, length: stdout.length, stderr }).toEqual({ command, length: 1, stderr: 'exit 0\n' })
    }
    // A run that had failed is not made good by a reader that left.
    const { stderr } = await shell(`(head -c 3000000 ${many} | deltawire merge; echo "exit $?" >&2) | head -c 1`)
    expect(stderr).toContain('exit 7')
  })

  test('passes a chunk on before the next one comes', async () => {
    const child = start(process.execPath, [binary, 'convert', '--to', 'text'])
    const output = (child.stdout as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
    for (const word of ['one ', 'two ', 'three']) {
      child.stdin?.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: word } }] })}\n\n`)
      expect((await output.next()).value?.toString()).toBe(word)
    }
    child.stdin?.end('data: [DONE]\n\n')
    expect((await once(child, 'close'))[0]).toBe(0)
  })

  test('needs no end of its input when the stream has ended', async () => {
    const child = start(process.execPath, [binary, 'merge', '--text'])
    child.stdin?.write(demoBytes('reasoning'))
    expect(await outcome(child)).toMatchObject({ code: 0, stdout: '9.8 is larger than 9.11.' })
  })

  test.skipIf(process.platform === 'win32')('keeps what had arrived when Ctrl-C ends it', async () => {
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const) {
      const child = start(process.execPath, [binary, 'convert', '--to', 'text'])
      const bytes = demoBytes('text')
      child.stdin?.write(bytes.subarray(0, bytes.length / 2))
      const begun = await seen(child, 'stdout', /A chunk/)
      child.kill(signal)
      expect({ signal, begun: begun.slice(0, 7), end: await once(child, 'close') }).toEqual({
        signal,
        begun: 'A chunk',
        end: [code, null],
      })
    }
  })

  test.skipIf(process.platform === 'win32')('is ended by one Ctrl-C while it waits for more input', async () => {
    for (const argv of [
      ['template', 'new', 'mine'],
      ['ask', '-m', 'demo:text'],
      ['record', '-m', 'm', '--request', '-'],
    ]) {
      const child = start(process.execPath, [binary, ...argv], {
        HOME: folder,
        OPENAI_BASE_URL: 'http://127.0.0.1:1/v1',
        OPENAI_API_KEY: 'k',
      })
      // More than a pipe holds: it has begun to read.
      await new Promise((resolve) => child.stdin?.write('x'.repeat(1_000_000), resolve))
      child.kill('SIGINT')
      expect({ argv, end: await once(child, 'close') }).toEqual({ argv, end: [130, null] })
    }
  })

  test.skipIf(process.platform === 'win32')('is ended by one Ctrl-C while a named pipe is silent', async () => {
    const pipe = join(folder, 'silent')
    execFileSync('mkfifo', [pipe])
    const child = start(process.execPath, [binary, 'convert', '--to', 'text', pipe])
    const writer = await open(pipe, 'w')
    const bytes = demoBytes('text')
    await writer.write(bytes.subarray(0, bytes.length / 2))
    await seen(child, 'stdout', /A chunk/)
    child.kill('SIGINT')
    expect(await once(child, 'close')).toEqual([130, null])
    await writer.close()
  })
})

describe.skipIf(process.platform === 'win32')('the binary as a server', { concurrent: true }, () => {
  test('serves until Ctrl-C', async () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const child = start(process.execPath, [binary, 'mock', '--print-env'])
      const [, baseURL = ''] = /OPENAI_BASE_URL='([^']+)'/.exec(await seen(child, 'stdout', /\n/)) ?? []
      expect((await fetch(`${baseURL}/models`)).status).toBe(200)
      child.kill(signal)
      expect(await once(child, 'close')).toEqual([0, null])
    }
  })

  test('runs a command against itself and returns its exit code', async () => {
    const print = 'console.log(process.env.OPENAI_BASE_URL, process.env.OPENAI_API_KEY); process.exitCode = 42'
    const { code, stdout, stderr } = await deltawire(['mock', '--key', 'k', '--', process.execPath, '-e', print])
    expect({ code, stderr }).toEqual({ code: 42, stderr: '' })
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1 k\n$/)
    expect(await deltawire(['mock', '--', 'no-such-command'])).toMatchObject({
      code: 127,
      stderr: 'error: cannot run "no-such-command": not found\n',
    })
    expect(await deltawire(['mock', '--', '/bin/sh', '-c', 'kill -KILL $$'])).toMatchObject({ code: 137 })
  })

  test('ends its command when it is terminated', async () => {
    const child = start(process.execPath, [
      binary,
      'mock',
      '--',
      process.execPath,
      '-e',
      'console.log("up"); setInterval(() => {}, 1000)',
    ])
    await seen(child, 'stdout', /up/)
    child.kill('SIGTERM')
    expect(await once(child, 'close')).toEqual([143, null])
  })
})

describe.skipIf(process.platform === 'win32')('every example of the help', () => {
  const examples = commands.flatMap(({ examples: own }) => own)
  /** A home with two conversations, made once: an example works on a copy of it. */
  const talked = join(folder, 'talked')
  const setting = (home: string) => `export HOME='${home}' DELTAWIRE_MODEL=demo:text; cd "$HOME"; `

  beforeAll(async () => {
    mkdirSync(talked)
    const talks = ['Waves', 'Chunks'].map((title) => `deltawire -q --title ${title} "What is a ${title}?" > said; `)
    const { code, stderr } = await shell(setting(talked) + talks.join(''))
    if (code !== 0) throw new Error(`there is no history for the examples: ${stderr}`)
  })

  // Most of the time each waits for something: several at once take less of it.
  test.concurrent.each(examples.filter(({ serves }) => serves !== true))(
    'works: $run',
    async ({ run, needs, exitCode = 0, says }) => {
      const home = mkdtempSync(join(folder, 'home-'))
      if (needs === 'history') cpSync(talked, home, { recursive: true })
      const { code, stdout, stderr } = await shell((needs === undefined ? `cd '${home}'; ` : setting(home)) + run)
      expect({ code, stderr }).toMatchObject({ code: exitCode })
      expect(stdout === '').toBe(says === 'nothing')
    },
  )

  test.concurrent.each(examples.filter(({ serves }) => serves === true))('serves: $run', async ({ run }) => {
    // The port of an example may be taken on this machine.
    const child = start('/bin/sh', ['-c', `exec ${run.replace(/--port \d+/, '--port 0')}`])
    await seen(child, 'stderr', /listening/)
    child.kill('SIGINT')
    expect(await once(child, 'close')).toEqual([0, null])
  })
})
