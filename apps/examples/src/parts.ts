import { createJsonReader, readParts } from '@deltawire/core'
import { streamChatCompletion } from '@deltawire/node'

const stream = streamChatCompletion({ model: 'demo', messages: [{ role: 'user', content: 'Weather in Paris?' }] })
let reader = createJsonReader()

for await (const part of readParts(stream)) {
  switch (part.type) {
    case 'content':
      process.stdout.write(part.text)
      break
    case 'tool_call_start':
      reader = createJsonReader()
      break
    case 'tool_call_arguments':
      reader.push(part.text)
      console.log(reader.value) // { city: 'Pa' } and then { city: 'Paris' }
      break
    case 'finish':
      console.log(part.reason)
      break
    case 'error':
      console.error(part.error)
  }
}
