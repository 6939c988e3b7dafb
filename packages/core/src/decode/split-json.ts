import { JsonBrackets } from './json-brackets.ts'

/** Takes text and gives what it holds; `end` when no more will come. */
export interface TextSink {
  push(text: string): void
  end(): void
}

/**
 * Cuts a text into its top-level JSON objects, as they become whole.
 *
 * They may stand on lines (NDJSON), side by side, or as the elements of one list. Text between them (a glued-on
 * `data: [DONE]`, a word) is given line by line, without a leading `data:`. An unfinished object is given at the end, as
 * it is, and not `whole`. Whether an object is valid JSON is for its reader to say.
 */
export function createJsonSplitter(emit: (text: string, whole: boolean) => void): TextSink {
  let brackets: JsonBrackets | undefined
  let pieces: string[] = []

  function flush(whole: boolean): void {
    const text = pieces.join('')
    pieces = []
    const value = brackets === undefined ? text.replace(/^[\s,[\]]*(data:)?/, '').trim() : text
    brackets = undefined
    if (value !== '') emit(value, whole)
  }

  return {
    push(text) {
      for (let at = 0; at < text.length;) {
        let end: number
        if (brackets === undefined) {
          const line = /[\r\n{]/g
          line.lastIndex = at
          const stop = line.exec(text)
          pieces.push(text.slice(at, stop?.index))
          if (stop === null) return
          flush(true)
          end = stop.index
          if (stop[0] === '{') brackets = new JsonBrackets()
          else end++
        } else {
          end = brackets.read(text, at)
          pieces.push(text.slice(at, end))
          if (brackets.depth === 0) flush(true)
        }
        at = end
      }
    },
    end: () => flush(brackets === undefined),
  }
}

/** The top-level JSON objects of a whole text, and whether it ends inside one. */
export function splitJson(text: string): { values: string[]; unfinished: boolean } {
  const values: string[] = []
  let unfinished = false
  const splitter = createJsonSplitter((value, whole) => {
    values.push(value)
    unfinished = !whole
  })
  splitter.push(text)
  splitter.end()
  return { values, unfinished }
}
