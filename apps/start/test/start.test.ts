import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { createMockServer } from '@deltawire/cli/mock'

const program = fileURLToPath(new URL('../src/main.mjs', import.meta.url))

beforeAll(() => {
  for (const name of ['core', 'node', 'cli']) {
    const dist = new URL(`../../../packages/${name}/dist/`, import.meta.url)
    if (!existsSync(dist)) throw new Error(`packages/${name}/dist is missing: run pnpm build first`)
  }
})

async function start(argv: readonly string[], env: Record<string, string> = {}) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(process.execPath, [program, ...argv], { env: { CI: 'true', ...env } }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })
}

describe('npm start', () => {
  test('shows an answer with thoughts, text and a tool call, its completion, and one line of figures', async () => {
    const { code, stdout, stderr } = await start([])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^The playground is open at http:\/\/127\.0\.0\.1:\d+\/\n/)
    expect(stdout).toMatch(/thinking\n {2}They ask for/)
    expect(stdout).toMatch(/answer\n {2}Let me look at the harbour of \*\*Bergen\*\* 🌧️/)
    expect(stdout).toContain('tool call\n  get_weather {"place":"Bergen harbour","fields":["rain","wind"]}')
    expect(stdout).toContain('"object": "chat.completion"')
    expect(stdout).toMatch(
      /\n\d+ chunks · [\d.]+ kB · first chunk [\d.]+ m?s · total [\d.]+ m?s · 87 tokens in · 74 out \(29 reasoning\)\n/,
    )
    expect(stdout).not.toContain('\u001B')
  })

  test('keeps the playground open while somebody watches, until Ctrl-C', { timeout: 60_000 }, async () => {
    const child = spawn(process.execPath, [program], { env: { CI: 'false' }, stdio: ['ignore', 'pipe', 'inherit'] })
    let stdout = ''
    const ended = new Promise((resolve) => child.on('close', resolve))
    await new Promise<void>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text
        if (stdout.includes('until Ctrl-C')) resolve()
      })
    })
    const [, url = ''] = /The playground is at (\S+) until Ctrl-C/.exec(stdout) ?? []
    const page = await fetch(url)
    expect([page.status, await page.text()]).toEqual([
      200,
      expect.stringContaining('<title>Deltawire playground</title>'),
    ])
    child.kill('SIGINT')
    expect(await ended).toBe(0)
  })

  test('asks the endpoint of the environment when there is a prompt', async () => {
    const server = await createMockServer({ apiKey: 'k' })
    const env = { OPENAI_BASE_URL: server.baseURL, OPENAI_API_KEY: 'k' }
    expect(await start(['-m', 'demo:reasoning', 'Which', 'is larger?'], env)).toEqual({
      code: 0,
      stdout: '9.8 is larger than 9.11.',
      stderr: '',
    })
    await server.close()
  })

  test('says what a prompt needs', async () => {
    const { code, stdout, stderr } = await start(['Hello'])
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(/^error: a prompt needs an endpoint: set OPENAI_BASE_URL and OPENAI_API_KEY\nhint: /)
  })
})
