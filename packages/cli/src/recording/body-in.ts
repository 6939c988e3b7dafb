/**
 * The body of a request as a recording keeps it: a value where it is JSON, otherwise the text.
 *
 * JSON that is nested too deeply to be written again stays a text, too.
 */
export function bodyIn(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    JSON.stringify(value)
    return value
  } catch {
    return text
  }
}
