import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'
import { tempHome } from './temp-home.ts'

const home = tempHome()
const asked = ['ask', '-m', 'demo:text', '--dry-run']

describe.runIf(process.platform !== 'win32')('a file of a prompt that is none', () => {
  test('may be a pipe, as of -f <(git diff)', async () => {
    const pipe = join(home.path, 'pipe')
    execFileSync('mkfifo', [pipe])
    const written = writeFile(pipe, 'what changed\n')
    const { code, stdout } = await runCli([...asked, '-f', pipe, 'hi'], { cwd: home.path, env: home.env })
    await written
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      messages: [{ content: expect.stringContaining('<file name="pipe">\nwhat changed\n</file>') as unknown }],
    })
  })

  test.runIf(existsSync('/dev/zero'))('is read no further than what may be sent', async () => {
    for (const flag of ['-f', '-a']) {
      expect(await runCli([...asked, flag, '/dev/zero', 'hi'], { cwd: home.path, env: home.env })).toMatchObject({
        code: 2,
        stderr: 'error: "/dev/zero" is larger than 20 MB\n',
      })
    }
  })
})
