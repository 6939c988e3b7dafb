// The client on Bun and Deno: one answer from the endpoint that is named, as JSON.
import { streamChatCompletion } from '@deltawire/node'

const [baseURL, model] = (globalThis.Deno?.args ?? globalThis.process.argv.slice(2)).slice(-2)
const stream = streamChatCompletion({ model, messages: [{ role: 'user', content: 'Hi' }] }, { baseURL, apiKey: 'none' })
let chunks = 0
for await (const _chunk of stream) chunks += 1
const { completion, complete, error } = await stream.result()
console.log(JSON.stringify({ chunks, complete, text: completion?.choices[0]?.message.content, error: error?.code }))
