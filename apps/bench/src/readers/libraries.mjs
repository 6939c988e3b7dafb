// Other libraries on the same bytes: one entry each, which loads the library and gives a function from a Response to
// the answer's text or arguments.
import { textOfChunk, textOfMessage } from './text-of.mjs'

export const messages = [{ role: 'user', content: 'hi' }]
const parameters = { type: 'object', properties: {}, additionalProperties: true }

/** A model of the AI SDK that answers with a response, and the tool that our streams call. */
export async function aiSdk() {
  const ai = await import('ai')
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible')
  const tools = { write_file: ai.tool({ inputSchema: ai.jsonSchema(parameters) }) }
  return {
    ai,
    ask(response) {
      const options = { name: 'p', baseURL: 'http://127.0.0.1/v1', apiKey: 'none', fetch: async () => response }
      const model = createOpenAICompatible(options).chatModel('m')
      return ai.streamText({ model, prompt: 'hi', maxRetries: 0, tools, onError() {} })
    },
  }
}

export const LIBRARIES = {
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
    const { ask } = await aiSdk()
    return async (response) => {
      let text = ''
      for await (const part of ask(response).fullStream)
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
