import { describe, expect, test } from 'vitest'
import { runCli, type CliOptions } from './run-cli.ts'
import { answering, saying } from './upstream.ts'

/** Asks a server that answers when the sign has turned so often. */
async function ask(turns: number, options: CliOptions = {}, argv: readonly string[] = []) {
  let answer = () => {}
  const waited = new Promise<void>((resolve) => (answer = resolve))
  let slept = 0
  const upstream = answering(async () => {
    if (options.isTTY === true && argv.length === 0 && options.env?.['TERM'] !== 'dumb') await waited
    return saying('ok')
  })
  return runCli(['ask', '--no-store', '-r', ...argv, 'hi'], {
    fetch: upstream.fetch,
    // Time passes at once, until the answer is there.
    async sleep(_, signal) {
      slept += 1
      if (slept > turns) answer()
      if (slept > turns && !signal.aborted)
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    },
    ...options,
    env: {
      OPENAI_BASE_URL: 'http://up.example/v1',
      OPENAI_API_KEY: 'sk-0123456789',
      DELTAWIRE_MODEL: 'm',
      ...options.env,
    },
  })
}

describe('the sign that an answer is being waited for', () => {
  test('stands on a terminal, and is gone before the answer', async () => {
    const { stdout, stderr } = await ask(3, { isTTY: true })
    expect(stdout).toBe('ok\n')
    expect(stderr.split('\r').slice(1)).toEqual(['⠋', '⠙', '⠹', '\u001B[K'])
  })

  test('stands nowhere else', async () => {
    expect((await ask(3)).stderr).toBe('')
    expect((await ask(3, { isTTY: true }, ['-q'])).stderr).toBe('')
    expect((await ask(3, { isTTY: true, env: { TERM: 'dumb' } })).stderr).toBe('')
  })

  test('tells how far a measurement is, and is gone before its figures', async () => {
    let isSeen = () => {}
    const seen = new Promise<void>((resolve) => (isSeen = resolve))
    const upstream = answering(async (_asked, count) => {
      if (count === 2) await seen
      return saying('ok')
    })
    const { code, stdout, stderr } = await runCli(['bench', '--warmup', '0', '-n', '2'], {
      fetch: upstream.fetch,
      isTTY: true,
      env: { OPENAI_BASE_URL: 'http://up.example/v1', OPENAI_API_KEY: 'sk-0123456789', DELTAWIRE_MODEL: 'm' },
      sleep: () => new Promise((resolve) => setImmediate(resolve)),
      onStderr: (text) => void (text.includes('1 of 2 answers, 1 at a time') && isSeen()),
    })
    expect(code).toBe(0)
    expect(stdout).toContain('2 answers')
    expect(stderr.endsWith('\r\u001B[K')).toBe(true)
  })
})
