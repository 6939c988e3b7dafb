// The fastest loops that anyone could write with JSON.parse: the bound that everything is measured against. They know
// nothing of other providers' habits, errors or limits, and keep nothing but one text.
import { textOfChunk } from './text-of.mjs'

/** From a Response to the answer's text. */
export async function handWrittenFold(response) {
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
      const data = dataOf(rest, from, at)
      if (data !== undefined) text += textOfChunk(JSON.parse(data))
      from = at + 1
    }
    rest = rest.slice(from)
  }
}

/** The same loop, giving every chunk to a reader. */
export async function handWrittenIterate(response) {
  let text = ''
  for await (const chunk of chunksOf(response)) text += textOfChunk(chunk)
  return text
}

async function* chunksOf(response) {
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    rest += decoder.decode(value, { stream: true })
    let from = 0
    for (let at = rest.indexOf('\n'); at !== -1; at = rest.indexOf('\n', from)) {
      const data = dataOf(rest, from, at)
      if (data !== undefined) yield JSON.parse(data)
      from = at + 1
    }
    rest = rest.slice(from)
  }
}

/** What a line carries, unless that is the end of the stream. */
function dataOf(text, from, to) {
  if (!text.startsWith('data:', from)) return undefined
  const data = text.slice(from + 5, to)
  return data.startsWith('[DONE]', data[0] === ' ' ? 1 : 0) ? undefined : data
}

/** The cost of the Response alone, below which nobody can be. */
export async function onlyRead(response) {
  const reader = response.body.getReader()
  while (!(await reader.read()).done);
}
