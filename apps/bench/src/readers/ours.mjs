import { accumulate } from '@deltawire/core'
import { readChunks } from '@deltawire/node'
import { textOfChunk, textOfMessage } from './text-of.mjs'

export async function ourFold(response) {
  const { completion, error } = await accumulate(readChunks(response))
  if (error) throw error
  return textOfMessage(completion.choices[0].message)
}

export async function ourIterate(response) {
  let text = ''
  for await (const chunk of readChunks(response)) text += textOfChunk(chunk)
  return text
}
