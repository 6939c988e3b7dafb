import { describe, expect, test } from 'vitest'
import { respelled } from '../src/chat/ancestor-flags.ts'
import { runCli } from './run-cli.ts'
import { tempHome } from './temp-home.ts'
import { answering, saying } from './upstream.ts'

const home = tempHome()

describe('the flags of the ancestor', () => {
  test.each<[given: string, now: string]>([
    ['-k sk-1 hi', '--api-key sk-1 hi'],
    ['--apiKey sk-1 hi', '--api-key sk-1 hi'],
    ['--apiKey=sk-1 hi', '--api-key sk-1 hi'],
    ['-o org-1 hi', '--header openai-organization: org-1 hi'],
    ['--apiOrg org-1 hi', '--header openai-organization: org-1 hi'],
    ['-o top_p=1 hi', '--option top_p=1 hi'],
    ['-t 30000 hi', '--timeout 30000 hi'],
    ['-t review hi', '-t review hi'],
    ['-n work hi', '--title work hi'],
    ['-n 2 hi', '-n 2 hi'],
    ['-c -n work hi', '--continue=work hi'],
    ['--conversationName work -c hi', '--continue=work hi'],
    ['--store --stream hi', 'hi'],
    ['-d hi', '-vvv hi'],
    ['--no-store --no-stream -c hi', '--no-store --no-stream -c hi'],
    ['-- -k hi', '-- -k hi'],
    ['-k', '-k'],
  ])('%s is %s', (given, now) => {
    expect(respelled(given.split(' ')).argv.join(' ')).toBe(now)
  })

  test('are understood with one note, and their key stays secret', async () => {
    const upstream = answering(() => saying('ok'))
    const { code, stdout, stderr } = await runCli(
      ['-k', 'sk-0123456789', '-o', 'org-1', '-t', '30000', '-n', 'a.b', 'hi', 'you'],
      {
        fetch: upstream.fetch,
        env: { ...home.env, OPENAI_BASE_URL: 'http://up.example/v1', DELTAWIRE_MODEL: 'm' },
      },
    )
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ok' })
    expect(stderr.split('\n')[0]).toBe(
      'note: flags of chatgpt: -k is --api-key, -o is --header, -t is --timeout, -n is --title',
    )
    expect(stderr).not.toContain('sk-0123456789')
    const [asked] = upstream.requests
    expect(asked?.headers.get('authorization')).toBe('Bearer sk-0123456789')
    expect(asked?.headers.get('openai-organization')).toBe('org-1')
    expect(asked?.body['messages']).toEqual([{ role: 'user', content: 'hi you' }])
    expect((await runCli(['history'], { env: home.env })).stdout).toContain('a.b')
  })
})
