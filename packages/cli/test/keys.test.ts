import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyrings } from '../src/keys/keyring.ts'
import { createMockServer, type MockServer } from '../src/mock/create-mock-server.ts'
import { runCli, type CliOptions } from './run-cli.ts'
import { tempHome } from './temp-home.ts'

const home = tempHome()
const key = 'sk-test-0123456789'
let server: MockServer
beforeAll(async () => void (server = await createMockServer({ apiKey: key })))
afterAll(() => server.close())

function profile(fields: object) {
  home.write(
    'config/deltawire/config.json',
    JSON.stringify({ profile: 'p', profiles: { p: { baseUrl: server.baseURL, model: 'demo:text', ...fields } } }),
  )
}

function run(argv: readonly string[], options: CliOptions = {}) {
  return runCli(argv, { ...options, env: { ...home.env, ...options.env } })
}

describe.skipIf(process.platform === 'win32')('the key of a profile', () => {
  test.each<[string, (home: string) => object]>([
    ['a command', () => ({ keyCmd: `printf '${key}\\nnote\\n'` })],
    ['a command in words', () => ({ keyCmd: ['printf', `${key}\\n`] })],
    ['a variable', () => ({ keyEnv: 'MY_KEY' })],
    ['a file', (path) => ({ keyFile: join(path, 'key') })],
    ['a file in the home folder', () => ({ keyFile: '~/key' })],
  ])('comes from %s, and is never shown', async (_, fields) => {
    home.write('key', `${key}\n`, 0o600)
    profile(fields(home.path))
    const env = { MY_KEY: key }
    const asked = await run(['hi'], { env })
    expect(asked.code).toBe(0)
    const tested = await run(['keys', 'test'], { env })
    expect(tested).toMatchObject({ code: 0, stderr: '' })
    expect(tested.stdout).toMatch(/^the key works: 127\.0\.0\.1:\d+ lists \d+ models\n$/)
    const listed = await run(['keys', 'ls'], { env })
    expect(listed.stdout).toMatch(/^p: (?:the command|\$MY_KEY|the file)/)
    const loud = await run(['-vvv', '-u', 'hi'], { env })
    for (const { stdout, stderr } of [asked, tested, loud]) expect(stdout + stderr).not.toContain(key)
  })

  test.each<[string, object, string]>([
    ['a command that fails', { keyCmd: 'exit 3' }, 'cannot run "/bin/sh": exit code 3'],
    ['a command that is none', { keyCmd: ['/no/such/program'] }, 'cannot run "/no/such/program": not found'],
    ['a command that prints nothing', { keyCmd: 'true' }, 'there is no key for the profile p in the command "true"'],
    ['a variable that is not set', { keyEnv: 'MY_KEY' }, 'there is no key for the profile p in $MY_KEY'],
    ['a file that is not there', { keyFile: '/no/such/file' }, 'cannot read the key from "/no/such/file": ENOENT'],
    ['a key with a space', { keyCmd: 'echo sk secret' }, 'holds a space'],
  ])('is missed in one sentence with %s', async (_, fields, sentence) => {
    profile(fields)
    const { code, stdout, stderr } = await run(['hi'])
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain(sentence)
  })

  test('is not repeated by an error of the server', async () => {
    profile({ keyCmd: 'echo sk-wrong-0123456789' })
    const fetch: typeof globalThis.fetch = async () =>
      Response.json({ error: { message: 'Wrong key: sk-wrong-0123456789' } }, { status: 401 })
    for (const form of [['-v'], ['-vvv'], ['--json']]) {
      const { code, stdout, stderr } = await run([...form, 'hi'], { fetch })
      expect(code).toBe(4)
      expect(stderr).toContain('Wrong key: [key]')
      expect(stdout + stderr).not.toContain('sk-wrong')
    }
    expect(await run(['keys', 'test'])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('the server answered 401') as string,
    })
  })

  test('is given by a flag, with a warning or by a command', async () => {
    profile({})
    const { code, stderr } = await run(['--api-key', key, 'hi'])
    expect(code).toBe(0)
    expect(stderr).toContain('note: --api-key can be seen')
    expect(await run(['--api-key-cmd', `echo ${key}`, 'hi'])).toMatchObject({ code: 0, stderr: '' })
    expect(await run(['hi'])).toMatchObject({ code: 4 })
  })
})

describe.skipIf(process.platform !== 'linux')('the keyring', () => {
  /** Stands in for secret-tool: keeps what it is given in a file. */
  const secretTool = (folder: string) => `#!/bin/sh
case "$1" in
  store) cat > '${folder}/secret'; echo "$@" > '${folder}/arguments' ;;
  lookup) cat '${folder}/secret' ;;
  clear) rm '${folder}/secret' ;;
esac
`

  test('takes a key from standard input, gives it to requests, and lets it go', async () => {
    home.write('bin/secret-tool', secretTool(home.path), 0o755)
    profile({})
    const env = { PATH: `${join(home.path, 'bin')}:${process.env['PATH']}` }
    expect(await run(['keys', 'set'], { env, stdin: `${key}\n` })).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('profiles.p.keyring is true') as string,
    })
    expect(readFileSync(join(home.path, 'secret'), 'utf8')).toBe(key)
    // An argument would stand in the list of processes.
    expect(readFileSync(join(home.path, 'arguments'), 'utf8')).not.toContain(key)
    expect(readFileSync(join(home.path, 'config/deltawire/config.json'), 'utf8')).not.toContain(key)
    expect((await run(['hi'], { env })).code).toBe(0)
    expect((await run(['keys', 'ls'], { env })).stdout).toContain('p: the keyring of the system')
    expect((await run(['keys', 'rm'], { env })).code).toBe(2)
    expect(existsSync(join(home.path, 'secret'))).toBe(true)
    expect((await run(['keys', 'rm', '--yes', 'p'], { env })).code).toBe(0)
    expect(existsSync(join(home.path, 'secret'))).toBe(false)
    expect(await run(['hi'], { env })).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('the keyring of the system did not answer') as string,
    })
  })

  test('says which package its program is in', async () => {
    profile({ keyring: true })
    expect((await run(['hi'], { env: { PATH: '/nowhere' } })).stderr).toContain(
      'secret-tool is in the package libsecret-tools',
    )
  })
})

test('no keyring is given a key as an argument', () => {
  for (const keyring of Object.values(keyrings)) {
    const { argv, input } = keyring.write('p "q"', 'k"e\\y')
    expect(argv.join(' ')).not.toContain('k"e')
    expect(input).toMatch(/k\\?"e\\/)
    expect(keyring.read('p').argv[0]).not.toBe('')
    expect(keyring.remove('p').argv[0]).not.toBe('')
  }
})
