import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { makeFolder } from '../src/make-folder.ts'
import { recordCall } from '../src/recording/create-recorder.ts'
import { createRecordingProxy } from '../src/recording/create-recording-proxy.ts'
import { createRecordingFolder, linesInto } from '../src/recording/recording-file.ts'
import { createRedaction } from '../src/recording/redaction.ts'
import { runCli } from './run-cli.ts'
import { tempHome } from './temp-home.ts'

const home = tempHome()
const date = Date.UTC(2026, 7, 22, 9)
const redaction = createRedaction({ secrets: [], names: [] })

describe('a folder of recordings', () => {
  test('sorts by name in the order of the calls, also of hundreds within one second', async () => {
    const create = await createRecordingFolder(home.path)
    const paths: string[] = []
    for (let at = 0; at < 300; at++) {
      const file = await create(date, 'm')
      await file.write('{}\n')
      await file.close()
      paths.push(file.path)
    }
    expect(paths.toSorted()).toEqual(paths)
  })

  test('gives every call a file of its own, also of programs that began in the same second', async () => {
    const one = await createRecordingFolder(home.path)
    const other = await createRecordingFolder(home.path)
    const files = [await one(date, 'm'), await other(date, 'm'), await other(date, 'm'), await one(date, 'm')]
    for (const file of files) {
      await file.write('{}\n')
      await file.close()
    }
    expect(new Set(files.map(({ path }) => path)).size).toBe(4)
    expect(readdirSync(home.path)).toHaveLength(4)
  })

  test('holds nothing of a call that was never answered', async () => {
    const create = await createRecordingFolder(home.path)
    const proxy = await createRecordingProxy({
      upstream: 'http://upstream.example/v1',
      headers: {},
      fetch: () => Promise.reject(new Error('nobody is there')),
      host: '127.0.0.1',
      port: 0,
      signal: new AbortController().signal,
      open: (model) => create(date, model),
      recorder: (write) => ({ clock: systemClock, redaction, write }),
      onCall: undefined,
    })
    const answer = await fetch(`${proxy.baseURL}/models`)
    expect(answer.status).toBe(502)
    expect(await answer.text()).toContain('the endpoint was not reached: nobody is there')
    await proxy.close()
    expect(readdirSync(home.path)).toEqual([])
  })
})

describe('a folder', () => {
  test('is made with those above it', () => {
    const folder = join(home.path, 'a', 'b', 'c')
    makeFolder(folder, 0o700)
    makeFolder(folder, 0o700)
    expect(existsSync(folder)).toBe(true)
    const file = home.write('file', '')
    expect(() => makeFolder(file, 0o700)).toThrow('EEXIST')
    expect(() => makeFolder(join(file, 'x'), 0o700)).toThrow('ENOTDIR')
  })

  test.runIf(existsSync('/proc/self'))('below /proc cannot be made, and that is said at once', async () => {
    expect(await runCli(['record', '--proxy', '--dir', '/proc/none/a', '--base-url', 'http://127.0.0.1:1/v1'])).toEqual(
      expect.objectContaining({
        code: 2,
        stderr: expect.stringMatching(/^error: cannot make "\/proc\/none\/a": .+\n$/),
      }),
    )
  })
})

test('a recording that cannot be written any more ends the answer that it was of', async () => {
  const answer = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('data: 1\n\n'))
    },
  })
  let writes = 0
  const { response, written } = await recordCall(
    { method: 'POST', url: 'http://upstream.example/v1', headers: {} },
    async () => new Response(answer),
    new AbortController().signal,
    {
      clock: systemClock,
      redaction,
      async write() {
        writes += 1
        if (writes > 1) throw new Error('ENOSPC: no space left on device')
      },
    },
  )
  await expect(response.text()).rejects.toThrow('ENOSPC')
  await expect(written).rejects.toThrow('ENOSPC')
})

describe('a disk that becomes full', () => {
  const failure = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })

  test('keeps what had been written, and says so', async () => {
    let room = 1
    const file = linesInto('a.jsonl', {
      appendFile: async () => {
        if (room-- === 0) throw failure
      },
      close: async () => {},
    })
    await file.write('{}\n')
    await expect(file.write('{}\n')).rejects.toMatchObject({
      message: 'cannot write "a.jsonl": ENOSPC: no space left on device, write',
      hint: 'what had come before is in it',
    })
  })

  test('is told of with the name of the file, also when that is only found out at its end', async () => {
    const file = linesInto('a.jsonl', {
      appendFile: async () => {},
      close: () => Promise.reject(failure),
    })
    await file.write('{}\n')
    await expect(file.close()).rejects.toThrow('cannot write "a.jsonl": ENOSPC')
  })

  test('is not recorded as a fault of the connection', async () => {
    const lines: string[] = []
    const { response, written } = await recordCall(
      { method: 'POST', url: 'http://upstream.example/v1', headers: {} },
      async () => new Response('data: 1\n\n'),
      new AbortController().signal,
      {
        clock: systemClock,
        redaction,
        async write(text) {
          if (text.includes('data: 1')) throw failure
          lines.push(text)
        },
      },
    )
    // What has come is shown, also when it cannot be written down.
    const shown: string[] = []
    await expect(
      (async () => {
        for await (const piece of response.body ?? []) shown.push(new TextDecoder().decode(piece))
      })(),
    ).rejects.toBe(failure)
    expect(shown).toEqual(['data: 1\n\n'])
    await expect(written).rejects.toBe(failure)
    expect(lines).toEqual([expect.stringContaining('"v":1')])
  })
})
