import { createFanOut, textOf } from '@deltawire/core'
import { streamChatCompletion } from '@deltawire/node'

const fanOut = createFanOut(streamChatCompletion({ model: 'demo', messages: [{ role: 'user', content: 'Hello!' }] }))

async function show(name: string): Promise<void> {
  let text = ''
  for await (const chunk of fanOut.subscribe()) text += textOf(chunk) // a late reader begins with the sum
  console.log(name, text)
}

await Promise.all([show('first'), show('second')])
