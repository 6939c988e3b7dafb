/** More than any request has, and little enough to be walked by functions that call themselves. */
const MAX_DEPTH = 200

/**
 * The body of a request as a recording keeps it: a value where it is JSON, otherwise the text.
 *
 * JSON that is nested too deeply stays a text, too: how deep is too deep to be written again differs between versions of
 * Node.js, so it is not left to them.
 */
export function bodyIn(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return isDeeper(value, MAX_DEPTH) ? text : value
  } catch {
    return text
  }
}

/** Level by level: a stranger chooses how many there are. */
function isDeeper(value: unknown, levels: number): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; depth <= levels; depth++) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? (Object.values(one) as unknown[]) : []))
    if (level.length === 0) return false
  }
  return true
}
