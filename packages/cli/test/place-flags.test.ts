import { describe, expect, test } from 'vitest'
import { commands } from '../src/commands/table.ts'
import { asking } from './asking.ts'
import { createFakeClock } from './fake-clock.ts'
import { runCli } from './run-cli.ts'
import { answering, saying } from './upstream.ts'

/** What a command asks when it is called with these flags. */
async function askedBy(argv: readonly string[], flags: readonly string[]) {
  const upstream = answering(({ url }) =>
    url.endsWith('/models') ? Response.json({ data: [{ id: 'm' }] }) : saying('ok'),
  )
  const env = { OPENAI_BASE_URL: 'http://other.example/v1', OPENAI_API_KEY: 'sk-other-0123', DELTAWIRE_MODEL: 'm' }
  const { code } = await runCli([...argv, ...flags], {
    env,
    fetch: upstream.fetch,
    stdin: 'Hi\n',
    clock: createFakeClock(),
  })
  expect(code).toBe(0)
  expect(upstream.requests.length).toBeGreaterThan(0)
  return upstream.requests.map(({ url, headers }) => ({
    host: new URL(url).host,
    key: headers.get('authorization'),
    team: headers.get('x-team'),
  }))
}

const is = (expected: object) => expect.objectContaining(expected) as unknown

describe('who is asked', () => {
  test('can be said to every command that asks, and is tried below', () => {
    const having = commands.filter(({ flags }) => Object.hasOwn(flags, 'base-url')).map(({ name }) => name)
    // The playground serves until Ctrl-C, and is tried by itself.
    expect(having.toSorted()).toEqual([...Object.keys(asking), 'playground'].toSorted())
  })

  test.each(Object.entries(asking))('is the place of --base-url, by %s', async (_, argv) => {
    for (const asked of await askedBy(argv, ['--base-url', 'http://up.example/v1']))
      expect(asked).toEqual(is({ host: 'up.example' }))
  })

  test.each(Object.entries(asking))('is told the key of --api-key or --api-key-cmd, by %s', async (_, argv) => {
    for (const flags of [
      ['--api-key', 'sk-own-0123456'],
      ['--api-key-cmd', 'echo sk-own-0123456'],
    ]) {
      for (const asked of await askedBy(argv, flags)) expect(asked).toEqual(is({ key: 'Bearer sk-own-0123456' }))
    }
  })

  test.each(Object.entries(asking))('is sent the headers of --header, by %s', async (_, argv) => {
    for (const asked of await askedBy(argv, ['--header', 'x-team: blue'])) expect(asked).toEqual(is({ team: 'blue' }))
  })
})
