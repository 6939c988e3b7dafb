import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Interrupted } from '../src/io.ts'
import { runCli } from './run-cli.ts'
import { tempHome } from './temp-home.ts'
import { answering, choice, sse } from './upstream.ts'

const home = tempHome()
const call = { index: 0, id: 'c', type: 'function', function: { name: 'slow', arguments: '{}' } }

test.skipIf(process.platform === 'win32')(
  'Ctrl-C ends a tool, and nobody is asked any more',
  { timeout: 60_000 },
  async () => {
    const { requests, fetch } = answering(() =>
      sse(choice({ role: 'assistant', tool_calls: [call] }), choice({}, 'tool_calls')),
    )
    const runs = join(home.path, 'runs')
    const tool = home.write(
      'slow',
      `#!/bin/sh\n[ "$1" = --schema ] && echo '{"name":"slow"}' || { : > '${runs}'; exec sleep 600; }\n`,
      0o755,
    )
    const stop = new AbortController()
    const ended = runCli(['ask', '--tool', tool, '--yes', 'hi'], {
      env: { ...home.env, OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', OPENAI_API_KEY: 'k', DELTAWIRE_MODEL: 'm' },
      signal: stop.signal,
      fetch,
    })
    await expect.poll(() => existsSync(runs), { timeout: 30_000 }).toBe(true)
    stop.abort(new Interrupted('SIGINT'))
    expect(await ended).toMatchObject({
      code: 130,
      stderr: 'note: the model called slow({})\nnote: stopped by Ctrl-C; the answer is partial\n',
    })
    expect(requests).toHaveLength(1)
  },
)
