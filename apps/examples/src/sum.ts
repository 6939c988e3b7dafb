import { type ChatCompletionChunk, mergeChunk, textOf, toChatCompletion } from '@deltawire/core'

const chunks = ['Hel', 'lo ', 'world'].map((content): ChatCompletionChunk => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1767225600,
  model: 'demo',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
}))

let sum: ChatCompletionChunk | undefined
for (const chunk of chunks) sum = mergeChunk(sum, chunk) // grows sum, only reads chunk

console.log(textOf(sum)) // Hello world: the sum of chunks is a chunk
if (sum) console.log(toChatCompletion(sum).choices[0]?.message.content)
