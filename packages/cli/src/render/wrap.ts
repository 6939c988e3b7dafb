/** Lines of so many characters at most. A word that is longer stays whole: it is to be copied. */
export function wrap(paragraph: string, max: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of paragraph.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > max) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}

/** Narrower ones are a column of single words. */
const minRight = 28

/** Two columns: the right one wrapped beside the left one, or beneath it where it has no room beside. */
export function twoColumns(rows: readonly (readonly [string, string])[], width: number, most = 30): string[] {
  const left = Math.min(most, Math.max(...rows.map(([text]) => text.length)))
  const isBeside = width - left - 4 >= minRight
  const indent = isBeside ? left + 4 : 6
  return rows.flatMap(([name, text]) => {
    const lines = text === '' ? [] : wrap(text, width - indent)
    const isShort = isBeside && name.length <= left
    const head = isShort ? `  ${name.padEnd(left)}  ${lines.shift() ?? ''}`.trimEnd() : `  ${name}`
    return [head, ...lines.map((line) => `${' '.repeat(indent)}${line}`)]
  })
}
