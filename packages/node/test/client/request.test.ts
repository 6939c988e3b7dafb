import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { streamChatCompletion, type StreamChatCompletionOptions } from '../../src/index.ts'
import { type ByteServer, eventsOf, head, page, question, serveBytes, stream } from './byte-server.ts'

let server: ByteServer

beforeAll(async () => {
  server = await serveBytes((socket) => stream(socket, eventsOf('Hi')))
})
afterAll(() => server.close())
afterEach(() => vi.unstubAllEnvs())

/** What is sent for these options. */
async function sent(options: StreamChatCompletionOptions, request: object = question) {
  await streamChatCompletion({ ...question, ...request }, { baseURL: server.baseURL, ...options }).completion()
  const { line, headers, body } = server.requests.at(-1) as ByteServer['requests'][number]
  return { path: line.split(' ')[1], headers, body: JSON.parse(body) as Record<string, unknown> }
}

describe('the address', () => {
  it.for([
    ['', '/v1/chat/completions'],
    ['/', '/v1/chat/completions'],
    ['///', '/v1/chat/completions'],
    [
      '/openai/deployments/gpt?api-version=2024-10-21',
      '/v1/openai/deployments/gpt/chat/completions?api-version=2024-10-21',
    ],
    ['/?key=a%20b', '/v1/chat/completions?key=a%20b'],
    ['/chat/completions', '/v1/chat/completions'],
  ] as const)('of a base that ends with %j is %s', async ([end, path]) => {
    expect((await sent({ baseURL: server.baseURL + end })).path).toBe(path)
  })

  it('is the one of the environment', async () => {
    vi.stubEnv('OPENAI_BASE_URL', `${server.baseURL}/env/`)
    expect((await sent({ baseURL: undefined })).path).toBe('/v1/env/chat/completions')
  })

  it.for(['127.0.0.1:8080', 'localhost/v1', 'ftp://127.0.0.1/', ''])('cannot be %j', (baseURL) => {
    expect(() => streamChatCompletion(question, { baseURL })).toThrow(
      `baseURL must be an absolute http URL, as in { baseURL: 'http://127.0.0.1:8080/v1' }, not ${JSON.stringify(baseURL)}`,
    )
  })

  it('is that of OpenAI where nobody names one', async () => {
    vi.stubEnv('OPENAI_BASE_URL', '')
    const asked: unknown[] = []
    const fetch = async (url: unknown) => {
      asked.push(String(url))
      return new Response(eventsOf('Hi').join(''))
    }
    await streamChatCompletion(question, { fetch }).completion()
    expect(asked).toEqual(['https://api.openai.com/v1/chat/completions'])
  })

  it('that is wrong in the environment is called by the name that it has there', () => {
    vi.stubEnv('OPENAI_BASE_URL', 'localhost:8080/v1')
    expect(() => streamChatCompletion(question)).toThrow(
      'OPENAI_BASE_URL must be an absolute http URL, as in http://127.0.0.1:8080/v1, not "localhost:8080/v1"',
    )
  })

  it.for(['http://user:secret@127.0.0.1/', 'user:secret@127.0.0.1/v1', '127.0.0.1/v1?key=secret'])(
    'that is wrong keeps its secret: %s',
    (baseURL) => {
      const call = () => streamChatCompletion(question, { baseURL })
      expect(call).toThrow(TypeError)
      expect(call).not.toThrow(/secret/)
    },
  )

  it('stands in the error where a page that is not there says nothing itself', async () => {
    await using wrong = await serveBytes((socket) => void socket.write(page('404 Not Found', '404 page not found')))
    await expect(
      streamChatCompletion(question, { baseURL: `${wrong.baseURL}/nope?key=secret` }).text(),
    ).rejects.toThrow(`[http_status] the server answered 404 at ${wrong.baseURL}/nope/chat/completions`)
  })

  it('of a redirect stands in the error, because nobody follows it', async () => {
    await using moved = await serveBytes(
      (socket) => void socket.write(page('301 Moved', '', { location: 'https://user:secret@127.0.0.1/v1?key=secret' })),
    )
    await expect(streamChatCompletion(question, { baseURL: moved.baseURL }).text()).rejects.toThrow(
      /^\[http_status\] the server answered 301, a redirect to https:\/\/127\.0\.0\.1\/v1, which is not followed$/,
    )
  })
})

describe('the key', () => {
  it('is sent as a bearer', async () => {
    expect((await sent({ apiKey: 'sk-1' })).headers['authorization']).toBe('Bearer sk-1')
  })

  it('comes from the environment, and from nowhere when it is empty', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-env')
    expect((await sent({})).headers['authorization']).toBe('Bearer sk-env')
    expect((await sent({ apiKey: '' })).headers).not.toHaveProperty('authorization')
  })

  it('of the environment is not sent beside a key of another kind', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-env')
    const { headers } = await sent({ headers: { 'Api-Key': 'azure' } })
    expect(headers).toMatchObject({ 'api-key': 'azure' })
    expect(headers).not.toHaveProperty('authorization')
  })

  it('may come from a function, which is asked before every attempt', async () => {
    let keys = 0
    await using busy = await serveBytes((socket, _request, nth) => {
      if (nth === 0) socket.write(page('503 Busy', '{}', { 'retry-after-ms': 0 }))
      else stream(socket, eventsOf('Hi'))
    })
    await streamChatCompletion(question, { baseURL: busy.baseURL, apiKey: async () => `sk-${++keys}` }).completion()
    expect(busy.requests.map(({ headers }) => headers['authorization'])).toEqual(['Bearer sk-1', 'Bearer sk-2'])
  })

  it('that cannot be had is an error of the function, untouched', async () => {
    const reason = new Error('no vault')
    const apiKey = () => Promise.reject(reason)
    await expect(streamChatCompletion(question, { baseURL: server.baseURL, apiKey }).completion()).rejects.toBe(reason)
  })

  it('that no header can hold is refused without being shown', async () => {
    const call = () => streamChatCompletion(question, { apiKey: 'sk-secret\n' })
    expect(call).toThrow(/apiKey holds/)
    expect(call).not.toThrow(/secret/)
    const later = streamChatCompletion(question, { baseURL: server.baseURL, apiKey: () => 'sk-secret\n' })
    await expect(later.text()).rejects.toThrow(/apiKey holds/)
  })
})

describe('a fetch of the caller', () => {
  const read = async (): Promise<Response> => {
    const response = new Response('data: [DONE]\n\n')
    await response.text()
    return response
  }

  it.for<[what: string, fetch: () => Promise<unknown>]>([
    ['nothing', async () => undefined],
    ['a text', async () => 'data: [DONE]'],
    ['a response whose body it has read', read],
  ])('that gives %s is told so', async ([, fetch]) => {
    const answer = streamChatCompletion(question, { baseURL: server.baseURL, fetch: fetch as typeof globalThis.fetch })
    await expect(answer.text()).rejects.toThrow(
      /^fetch must give a Response whose body nobody has read, as in \{ fetch/,
    )
  })
})

describe('the headers', () => {
  it.for(['sk-secret\nx: y', 'sk-secret…', '\0sk-secret'])(
    'that no header can hold are refused without being shown: %j',
    (key) => {
      const call = () => streamChatCompletion(question, { headers: { 'api-key': key } })
      expect(call).toThrow(/^the header api-key holds a line end or another character that no header has/)
      expect(call).not.toThrow(/secret/)
    },
  )

  it('name organization and project', async () => {
    expect((await sent({ organization: 'org-1', project: 'proj-1' })).headers).toMatchObject({
      'openai-organization': 'org-1',
      'openai-project': 'proj-1',
    })
    vi.stubEnv('OPENAI_ORG_ID', 'org-2')
    expect((await sent({})).headers).toMatchObject({ 'openai-organization': 'org-2' })
  })

  it.for([
    { 'X-Title': 'a', Accept: 'text/plain', authorization: null, 'x-none': undefined },
    new Headers({ 'x-title': 'a', accept: 'text/plain', authorization: '' }),
    [
      ['x-title', 'a'],
      ['accept', 'text/plain'],
    ] as [string, string][],
  ])('of the caller win, in any form', async (headers) => {
    const got = await sent({ apiKey: '', headers })
    expect(got.headers).toMatchObject({ 'x-title': 'a', accept: 'text/plain', 'content-type': 'application/json' })
    expect(got.headers).not.toHaveProperty('x-none')
  })

  it('leave one of ours out for null', async () => {
    expect((await sent({ apiKey: 'sk-1', headers: { Authorization: null } })).headers).not.toHaveProperty(
      'authorization',
    )
  })
})

describe('the body', () => {
  it('is the request, streamed, with usage', async () => {
    expect((await sent({}, { top_k: 40 })).body).toEqual({
      ...question,
      top_k: 40,
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  it('keeps the stream options of the caller, and sends none for null', async () => {
    const stream_options = { include_obfuscation: false }
    expect((await sent({}, { stream_options })).body['stream_options']).toEqual(stream_options)
    expect((await sent({}, { stream_options: null })).body).not.toHaveProperty('stream_options')
  })

  it('is what the request was at the call', async () => {
    const request = { model: 'm', messages: [...question.messages] }
    const answer = streamChatCompletion(request, { baseURL: server.baseURL })
    request.messages.pop()
    await answer.text()
    expect(JSON.parse(server.requests.at(-1)?.body ?? '')).toMatchObject(question)
  })

  it.for([
    ['400 Bad Request', '{"error":{"message":"Unrecognized request argument supplied: stream_options"}}'],
    [
      '422 Unprocessable',
      '{"detail":[{"loc":["body","stream_options","include_usage"],"msg":"Extra inputs are not permitted"}]}',
    ],
  ] as const)('is sent once more without usage after %s', async ([status, body]) => {
    await using picky = await serveBytes((socket, request) => {
      if (request.body.includes('stream_options')) socket.write(page(status, body))
      else stream(socket, eventsOf('Hi'))
    })
    const options = { baseURL: picky.baseURL, maxRetries: 0 }
    expect(await streamChatCompletion(question, options).text()).toBe('Hi')
    expect(picky.requests).toHaveLength(2)
    const own = streamChatCompletion({ ...question, stream_options: { include_usage: true } }, options)
    await expect(own.text()).rejects.toMatchObject({ code: 'http_status' })
    expect(picky.requests).toHaveLength(3)
  })

  it('is sent once where a server refuses something else', async () => {
    await using picky = await serveBytes((socket) => {
      socket.write(page('400 Bad Request', '{"error":{"message":"no such model"}}'))
    })
    await expect(streamChatCompletion(question, { baseURL: picky.baseURL }).text()).rejects.toThrow(
      '[http_status] the server answered 400: no such model',
    )
    expect(picky.requests).toHaveLength(1)
  })

  it.for([undefined, 'Hello!'])('cannot be %j', (request) => {
    expect(() => streamChatCompletion(request as never)).toThrow(
      "streamChatCompletion takes a request, as in streamChatCompletion({ model: 'demo', messages: [{ role: 'user', content: 'Hello!' }] })",
    )
  })

  it('is not written for a value that JSON cannot hold', () => {
    expect(() => streamChatCompletion({ ...question, seed: 1n as unknown as number })).toThrow(TypeError)
  })
})

describe('the answer', () => {
  const completion = {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'Hi', refusal: null }, logprobs: null, finish_reason: 'stop' },
    ],
  }

  it('may be one JSON document or lines of chunks', async () => {
    const lines = eventsOf('H', 'i')
      .map((text) => text.slice(6).trim())
      .slice(0, -1)
      .join('\n')
    for (const [type, body] of [
      ['application/json', JSON.stringify(completion)],
      ['application/x-ndjson', lines],
    ] as const) {
      await using other = await serveBytes(
        (socket) => void socket.write(page('200 OK', body, { 'content-type': type })),
      )
      expect(await streamChatCompletion(question, { baseURL: other.baseURL }).text()).toBe('Hi')
    }
  })

  it('may be a page for people, which is shown', async () => {
    await using other = await serveBytes((socket) => {
      socket.write(page('200 OK', '<html><body>Sign in</body></html>', { 'content-type': 'text/html' }))
    })
    await expect(streamChatCompletion(question, { baseURL: other.baseURL }).text()).rejects.toMatchObject({
      code: 'no_chunk',
      details: { body: '<html><body>Sign in</body></html>' },
      partial: null,
    })
    expect(other.requests).toHaveLength(1)
  })

  it('is fetched by a function of the caller, which is looked up at the call', async () => {
    const own = vi.fn(async () => new Response(eventsOf('Hi').join('')))
    expect(await streamChatCompletion(question, { baseURL: 'http://example.invalid', fetch: own }).text()).toBe('Hi')
    expect(own).toHaveBeenCalledOnce()
    vi.stubGlobal('fetch', own)
    expect(await streamChatCompletion(question, { baseURL: 'http://example.invalid' }).text()).toBe('Hi')
    vi.unstubAllGlobals()
  })

  it('is not fetched from where a redirect points: the question would be lost or the key given away', async () => {
    await using other = await serveBytes((socket) => {
      socket.write(head('307 Temporary Redirect', { location: server.baseURL, 'content-length': 0 }))
    })
    const before = server.requests.length
    await expect(streamChatCompletion(question, { baseURL: other.baseURL }).text()).rejects.toMatchObject({
      code: 'http_status',
      details: { status: 307, headers: { location: server.baseURL } },
    })
    expect(server.requests.length).toBe(before)
  })
})
