import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'
import { serving } from './serving.ts'
import { tempHome } from './temp-home.ts'
import { answering, saying } from './upstream.ts'

const home = tempHome()

describe('where a command runs', () => {
  test('is another folder with --cwd, also in front of the command', async () => {
    home.write('.deltawire.json', '{"model": "demo:reasoning"}')
    const enterFolder = (folder: string) => join(home.path, folder)
    for (const argv of [
      ['ask', '--cwd', '.', 'Which?'],
      ['--cwd', '.', 'ask', 'Which?'],
      ['--cwd=.', 'ask', 'Which?'],
    ]) {
      expect(await runCli(argv, { env: home.env, enterFolder })).toMatchObject({
        code: 0,
        stdout: '9.8 is larger than 9.11.',
      })
    }
    const nowhere = () => {
      throw Object.assign(new Error('no'), { code: 'ENOENT' })
    }
    expect(await runCli(['ask', '--cwd', 'none', 'hi'], { env: home.env, enterFolder: nowhere })).toMatchObject({
      code: 2,
      stderr: 'error: --cwd cannot go to "none": ENOENT\n',
    })
  })

  test('is in colours or not, whatever the variables say, for every command that has some', async () => {
    const hasColors = async (argv: readonly string[], env: Record<string, string> = {}, isTTY = true) => {
      const { stdout, stderr } = await runCli(argv, { env: { ...home.env, ...env }, isTTY, sleep: async () => {} })
      // oxlint-disable-next-line no-control-regex
      return /\u001B\[[\d;]+m/.test(stdout + stderr)
    }
    const commands = [
      ['diff', 'demo:text', 'demo:cut'],
      ['view', 'demo:tour'],
      ['doctor', 'http://127.0.0.1:1/v1', '-m', 'any'],
      ['ask', '-m', 'demo:reasoning', '--reasoning', 'show', '--format', 'text', 'Hi'],
    ]
    for (const argv of commands) {
      const inPipe = await hasColors([...argv, '--color', 'always'], { NO_COLOR: '1' }, false)
      const onTerminal = await hasColors([...argv, '--color', 'never'], { FORCE_COLOR: '1' })
      const usual = await hasColors([...argv, '--color', 'auto'])
      expect({ argv, inPipe, onTerminal, usual }).toEqual({ argv, inPipe: true, onTerminal: false, usual: true })
      expect(await hasColors(argv, { FORCE_COLOR: '0' })).toBe(false)
    }
  })

  test('is in colours when a relay is checked', async () => {
    await serving(['relay', 'demo:text', '--port', '0', '--ttft', '0', '--tps', '0'], async (url) => {
      const argv = ['relay-check', `${url.replace('http', 'ws')}/v1/socket`, '-m', 'demo:text', '--only', 'stops']
      expect((await runCli([...argv, '--color', 'always'])).stdout).toContain('\u001B[')
      expect((await runCli([...argv, '--color', 'never'], { isTTY: true })).stdout).not.toContain('\u001B[')
    })
  })

  test('has the variables of --env-file, which come behind its own, and shows no key of them', async () => {
    home.write(
      'one.env',
      'OPENAI_BASE_URL="http://up.example/v1"\nOPENAI_API_KEY=sk-0123456789\nDELTAWIRE_MODEL=file\n',
    )
    home.write('two.env', '# a comment\nDELTAWIRE_MODEL=last\n')
    const upstream = answering(() => saying('ok'))
    const file = (name: string) => ['--env-file', join(home.path, name)]
    const ask = async (env: Record<string, string>, ...files: string[]) => {
      await runCli(['ask', ...files.flatMap(file), 'hi'], { env: { ...home.env, ...env }, fetch: upstream.fetch })
      return upstream.requests.at(-1)
    }
    expect((await ask({}, 'one.env'))?.headers.get('authorization')).toBe('Bearer sk-0123456789')
    expect((await ask({}, 'one.env', 'two.env'))?.body['model']).toBe('last')
    expect((await ask({ DELTAWIRE_MODEL: 'mine' }, 'one.env', 'two.env'))?.body['model']).toBe('mine')
    expect((await runCli(['ask', '--env-file', '/no/such/file', 'hi'], { env: home.env })).code).toBe(2)
    const refusing = answering(() => Response.json({ error: { message: 'Wrong key: sk-0123456789' } }, { status: 401 }))
    const { stderr } = await runCli(['ask', '-v', ...file('one.env'), 'hi'], { env: home.env, fetch: refusing.fetch })
    expect(stderr).toContain('Wrong key')
    expect(stderr).not.toContain('sk-0123456789')
  })
})
