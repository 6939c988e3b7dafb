import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'
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
