import { reasoningOf, textOf } from '@deltawire/core'
import { streamChatCompletion } from '@deltawire/node'

const stream = streamChatCompletion({ model: 'demo', messages: [{ role: 'user', content: 'Hello!' }] })

for await (const chunk of stream) {
  process.stderr.write(reasoningOf(chunk)) // whichever of five fields the provider uses
  process.stdout.write(textOf(chunk))
}
