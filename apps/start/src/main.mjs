// What `npm start` runs. Plain JavaScript on the built packages: it shows what a user's program sees.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createMockServer, figuresLine } from '@deltawire/cli/mock'
import { readPageFiles, startPlayground } from '@deltawire/cli/playground'
import { accumulate, reasoningOf, textOf } from '@deltawire/core'
import { streamChatCompletion } from '@deltawire/node'

/** `npm start -- "a prompt"`: the same as `deltawire ask`, at the endpoint of the environment. */
async function ask(words) {
  const { OPENAI_BASE_URL = '', OPENAI_API_KEY = '' } = process.env
  if (OPENAI_BASE_URL === '' && OPENAI_API_KEY === '') {
    process.stderr.write('error: a prompt needs an endpoint: set OPENAI_BASE_URL and OPENAI_API_KEY\n')
    process.stderr.write('hint: npm start without a prompt shows a stream that needs neither\n')
    return 3
  }
  const cli = fileURLToPath(new URL('dist/main.js', import.meta.resolve('@deltawire/cli/package.json')))
  const child = spawn(process.execPath, [cli, 'ask', ...words], { stdio: ['ignore', 'inherit', 'inherit'] })
  // Ctrl-C reaches the child as well, which keeps what had arrived and then ends.
  process.on('SIGINT', () => {})
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}

/** Whether a person looks on: a check only wants to know that everything is there. */
const isWatched = process.env.CI === undefined || process.env.CI === '' || process.env.CI === 'false'

/** The page with the same answer on three ways; an answer in this terminal; and then the page until Ctrl-C. */
async function open() {
  const page = fileURLToPath(new URL('dist/playground', import.meta.resolve('@deltawire/cli/package.json')))
  const playground = await startPlayground({
    files: await readPageFiles(page),
    clock,
    endpoint: endpointOf(process.env),
  })
  try {
    say(`The playground is open at ${playground.url}\n\n`)
    const code = await demonstrate()
    if (!isWatched || code !== 0) return code
    say(`\nThe playground is at ${playground.url} until Ctrl-C.\n`)
    await new Promise((resolve) => process.once('SIGINT', resolve))
    return code
  } finally {
    await playground.close()
  }
}

const clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true })
    }),
}

/** With a key the playground asks the real endpoint. The key stays in this process. */
function endpointOf({ OPENAI_API_KEY = '', OPENAI_BASE_URL = '', DELTAWIRE_MODEL = '' }) {
  if (OPENAI_API_KEY === '') return undefined
  const baseURL = OPENAI_BASE_URL === '' ? 'https://api.openai.com/v1' : OPENAI_BASE_URL
  return { baseURL, apiKey: OPENAI_API_KEY, model: DELTAWIRE_MODEL === '' ? 'gpt-5-mini' : DELTAWIRE_MODEL }
}

/** A server, a client, and an answer between them. */
async function demonstrate() {
  const server = await createMockServer({ pace: isWatched ? { firstChunkMs: 400, chunkMs: 40 } : {} })
  try {
    say(`A server of our own answers at ${server.baseURL}: no key, no network.\n\n`)
    const request = { model: 'demo:tour', messages: [{ role: 'user', content: 'How is the weather at the harbour?' }] }
    const received = { bytes: 0 }
    const startedAt = performance.now()
    let chunks = 0
    let firstChunkMs
    const print = createPrinter()
    const stream = streamChatCompletion(request, { baseURL: server.baseURL, apiKey: 'mock', fetch: counting(received) })
    const { completion, error } = await accumulate(
      (async function* () {
        for await (const chunk of stream) {
          firstChunkMs ??= performance.now() - startedAt
          chunks += 1
          print(chunk)
          yield chunk
        }
      })(),
    )
    const figures = { chunks, bytes: received.bytes, firstChunkMs, totalMs: performance.now() - startedAt }
    if (error !== null) throw error
    say('\n\nThe sum of these chunks, as a completion:\n\n')
    say(`${JSON.stringify(completion, undefined, 2)}\n\n${figuresLine(figures, completion.usage)}\n`)
    if (isWatched)
      say('\nNext: node packages/cli/dist/main.js --help, or npm start -- "a prompt" with an endpoint of yours.\n')
    return 0
  } finally {
    await server.close()
  }
}

/** Prints what each chunk adds: thoughts, text, or a piece of a tool call, each below a heading. */
function createPrinter() {
  let current = ''

  function print(heading, text, color) {
    if (text === '') return
    if (current !== heading) say(`${current === '' ? '' : '\n\n'}  ${heading}\n  `)
    current = heading
    const isColored = color !== undefined && process.stdout.isTTY && !process.env.NO_COLOR
    say(isColored ? `\u001B[${color}m${text}\u001B[0m` : text)
  }

  return ({ choices: [choice] }) => {
    const calls = choice?.delta.tool_calls ?? []
    print('thinking', reasoningOf(choice), 2)
    print('answer', textOf(choice))
    print(
      'tool call',
      calls.map(({ function: part }) => (part?.name ? `${part.name} ` : '') + (part?.arguments ?? '')).join(''),
      36,
    )
  }
}

/** The global fetch, counting the bytes of the answers. */
function counting(received) {
  return async (input, init) => {
    const response = await fetch(input, init)
    const counter = new TransformStream({
      transform(piece, controller) {
        received.bytes += piece.length
        controller.enqueue(piece)
      },
    })
    return new Response(response.body.pipeThrough(counter), response)
  }
}

function say(text) {
  process.stdout.write(text)
}

const prompt = process.argv.slice(2)
process.exitCode = prompt.length > 0 ? await ask(prompt) : await open()
