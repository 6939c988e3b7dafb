import { accumulate } from '@deltawire/core'
import { readChunks } from '@deltawire/node'

const response = await fetch(`${process.env['OPENAI_BASE_URL']}/chat/completions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${process.env['OPENAI_API_KEY']}` },
  body: JSON.stringify({ model: 'demo', messages: [{ role: 'user', content: 'Hello!' }], stream: true }),
})

const { completion, complete, warnings, error } = await accumulate(readChunks(response))

console.log(completion?.choices[0]?.message) // what arrived, also when the stream broke
if (!complete) console.error(error?.message, warnings)
