/** Takes text and gives what it holds; `end` when no more will come. */
export interface TextSink {
  push(text: string): void
  end(): void
}

/**
 * Cuts a text into its top-level JSON values, as they become whole.
 *
 * Values may stand on lines (NDJSON), side by side, or as the elements of one list. Text between them that is no JSON
 * (a glued-on `data: [DONE]`, a word) is given line by line, without a leading `data:`. An unfinished value is given at
 * the end, as it is. Only brackets and strings are looked at: whether a value is valid JSON is for its reader to say.
 */
export function createJsonSplitter(emit: (text: string) => void): TextSink {
  let pieces: string[] = []
  let depth = 0
  let inString = false
  let escaped = false
  let inLine = false

  function flush(last: string): void {
    pieces.push(last)
    const text = pieces.join('')
    pieces = []
    const line = inLine ? text.replace(/^\s*data:/, '').trim() : text
    inLine = false
    if (line !== '') emit(line)
  }

  return {
    push(text) {
      let start = 0
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i)
        if (inString) {
          if (escaped) escaped = false
          else if (code === BACKSLASH) escaped = true
          else if (code === QUOTE) inString = false
        } else if (inLine) {
          // A line ends where it ends, or where a value begins.
          if (code !== LF && code !== CR && code !== OPEN_BRACE) continue
          flush(text.slice(start, i))
          start = i--
        } else if (depth === 0) {
          if (code === OPEN_BRACE) depth = 1
          else if (code > SPACE && code !== COMMA && code !== OPEN_BRACKET && code !== CLOSE_BRACKET) inLine = true
          if (depth === 1 || inLine) start = i
          else start = i + 1
        } else if (code === QUOTE) inString = true
        else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++
        else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) {
          flush(text.slice(start, i + 1))
          start = i + 1
        }
      }
      if (start < text.length && (depth > 0 || inLine)) pieces.push(text.slice(start))
    },
    end() {
      if (pieces.length > 0) flush('')
    },
  }
}

const LF = 10
const CR = 13
const SPACE = 32
const QUOTE = 34
const COMMA = 44
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/** The top-level JSON values of a whole text. */
export function splitJson(text: string): string[] {
  const values: string[] = []
  const splitter = createJsonSplitter((value) => values.push(value))
  splitter.push(text)
  splitter.end()
  return values
}

/** Whether a text is the beginning of a JSON value that has not ended. */
export function isUnfinishedJson(text: string): boolean {
  const last = splitJson(text).at(-1)
  return last !== undefined && last.startsWith('{') && !isBalanced(last)
}

function isBalanced(text: string): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === BACKSLASH) i++
      else if (code === QUOTE) inString = false
    } else if (code === QUOTE) inString = true
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--
  }
  return depth === 0 && !inString
}
