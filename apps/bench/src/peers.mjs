// Other ways to read the same bytes: one entry each, from a function that gives a Response to the answer's text or
// arguments. They are imported when they are measured.
import { accumulate } from '@deltawire/core'
import { readChunks } from '@deltawire/node'

const messages = [{ role: 'user', content: 'hi' }]
const parameters = { type: 'object', properties: {}, additionalProperties: true }

/** The fastest loop that anyone could write with JSON.parse: the bound that the others are measured against. */
async function handWritten(response) {
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text
    rest += decoder.decode(value, { stream: true })
    let from = 0
    for (let at = rest.indexOf('\n'); at !== -1; at = rest.indexOf('\n', from)) {
      if (rest.startsWith('data: ', from)) {
        const data = rest.slice(from + 6, at)
        if (data !== '[DONE]') {
          text += textOfChunk(JSON.parse(data))
        }
      }
      from = at + 1
    }
    rest = rest.slice(from)
  }
}

/** The loop again, giving every chunk to a reader. */
async function handWrittenIteration(response) {
  let text = ''
  for await (const chunk of handWrittenChunks(response)) text += textOfChunk(chunk)
  return text
}

async function* handWrittenChunks(response) {
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    rest += decoder.decode(value, { stream: true })
    let from = 0
    for (let at = rest.indexOf('\n'); at !== -1; at = rest.indexOf('\n', from)) {
      if (rest.startsWith('data: ', from)) {
        const data = rest.slice(from + 6, at)
        if (data !== '[DONE]') yield JSON.parse(data)
      }
      from = at + 1
    }
    rest = rest.slice(from)
  }
}

/** What the first choice adds. */
function textOfChunk(chunk) {
  const choice = chunk.choices[0]
  if (choice === undefined || choice.index !== 0) return ''
  const { content, tool_calls } = choice.delta
  return content ?? tool_calls?.[0]?.function?.arguments ?? ''
}

const textOfMessage = ({ content, tool_calls }) => content || tool_calls?.[0]?.function.arguments || ''

export const ours = {
  fold: async (response) => {
    const { completion, error } = await accumulate(readChunks(response))
    if (error) throw error
    return textOfMessage(completion.choices[0].message)
  },
  iterate: async (response) => {
    let text = ''
    for await (const chunk of readChunks(response)) text += textOfChunk(chunk)
    return text
  },
}

export const bound = { fold: handWritten, iterate: handWrittenIteration }

/** Each gives a function from a maker of responses to the answer. */
export const peers = {
  'openai ChatCompletionStream': async () => {
    const { OpenAI } = await import('openai')
    return async (response) => {
      const client = new OpenAI({ apiKey: 'none', maxRetries: 0, fetch: async () => response })
      const stream = client.chat.completions.stream({ model: 'm', messages })
      return textOfMessage((await stream.finalChatCompletion()).choices[0].message)
    }
  },
  'openai Stream, iterated': async () => {
    const { Stream } = await import('openai/streaming')
    return async (response) => {
      let text = ''
      for await (const chunk of Stream.fromSSEResponse(response, new AbortController())) text += textOfChunk(chunk)
      return text
    }
  },
  'AI SDK streamText': async () => {
    const { streamText, tool, jsonSchema } = await import('ai')
    const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
    return async (response) => {
      const provider = createOpenAICompatible({
        name: 'p',
        baseURL: 'http://127.0.0.1/v1',
        apiKey: 'none',
        fetch: async () => response,
      })
      const tools = { write_file: tool({ inputSchema: jsonSchema(parameters) }) }
      const result = streamText({ model: provider.chatModel('m'), prompt: 'hi', maxRetries: 0, tools, onError() {} })
      let text = ''
      for await (const part of result.fullStream)
        text += part.type === 'text-delta' ? part.text : part.type === 'tool-input-delta' ? part.delta : ''
      return text
    }
  },
  'LangChain.js stream and concat': async () => {
    const { ChatOpenAI } = await import('@langchain/openai')
    return async (response) => {
      const configuration = { fetch: async () => response }
      const model = new ChatOpenAI({ apiKey: 'none', model: 'gpt-4o', maxRetries: 0, configuration })
      let sum
      for await (const chunk of await model.stream('hi')) sum = sum === undefined ? chunk : sum.concat(chunk)
      return sum.content || sum.tool_call_chunks?.[0]?.args || ''
    }
  },
  'chatgpt@5.2.5 sendMessage': async () => {
    const { ChatGPTAPI } = await import('chatgpt')
    return async (response) => {
      const api = new ChatGPTAPI({ apiKey: 'none', fetch: async () => response })
      // Its tokenizer costs more than all the rest; without it only the reading of the stream is measured.
      api._getTokenCount = async () => 1
      return (await api.sendMessage('hi', { onProgress() {} })).text
    }
  },
}
