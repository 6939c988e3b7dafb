// A client in a process of its own: so many streams at once, what they cost in CPU time and memory.
import { streamChatCompletion } from '@deltawire/node'
import { textOfChunk, textOfMessage } from '../readers/text-of.mjs'
import { messages } from '../readers/libraries.mjs'
import { answerQuestions } from './child.mjs'
import { idle, retained } from './retained.mjs'

const body = { model: 'm', messages }

/** Each makes a function that reads one stream to its text. */
const CLIENTS = {
  'deltawire completion': async (baseURL) => async () =>
    textOfMessage((await streamChatCompletion(body, { baseURL, apiKey: 'none' }).completion()).choices[0].message),
  'deltawire iterate': async (baseURL) => async () => {
    let text = ''
    for await (const chunk of streamChatCompletion(body, { baseURL, apiKey: 'none' })) text += textOfChunk(chunk)
    return text
  },
  'openai completion': async (baseURL) => {
    const { OpenAI } = await import('openai')
    const client = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 })
    return async () =>
      textOfMessage((await client.chat.completions.stream(body).finalChatCompletion()).choices[0].message)
  },
  'openai iterate': async (baseURL) => {
    const { OpenAI } = await import('openai')
    const client = new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 })
    return async () => {
      let text = ''
      for await (const chunk of await client.chat.completions.create({ ...body, stream: true }))
        text += textOfChunk(chunk)
      return text
    }
  },
  // What fetch and the sockets cost, below which no client that uses fetch can be.
  'fetch alone': async (baseURL) => async () => {
    const response = await fetch(`${baseURL}/chat/completions`, { method: 'POST', body: JSON.stringify(body) })
    const reader = response.body.getReader()
    while (!(await reader.read()).done);
    return undefined
  },
}

let read
let held

const readAll = (streams) => Promise.all(Array.from({ length: streams }, () => read()))

const QUESTIONS = {
  async open({ client, baseURL }) {
    read = await CLIENTS[client](baseURL)
    return {}
  },
  // No collection before: it would throw away compiled code (`measure.mjs`), and the collector's work is a client's cost.
  async cost({ streams }) {
    const begin = process.cpuUsage()
    const texts = await readAll(streams)
    const { user, system } = process.cpuUsage(begin)
    return { cpuNs: (user + system) * 1000, lengths: texts.map((text) => text?.length) }
  },
  async peak({ streams }) {
    globalThis.gc()
    const before = process.memoryUsage.rss()
    let peak = before
    const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 5)
    await readAll(streams)
    clearInterval(timer)
    return { bytes: peak - before }
  },
  /** Begins streams that the server will hold before their end. */
  async begin({ streams }) {
    const before = await retained()
    held = { before, pending: readAll(streams) }
    return {}
  },
  async held() {
    await idle()
    return { bytes: (await retained()) - held.before }
  },
  async finish() {
    await held.pending
    return {}
  },
}

answerQuestions((question) => QUESTIONS[question.do](question))
