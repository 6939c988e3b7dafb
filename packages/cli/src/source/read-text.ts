import { usageError } from '../arguments/usage-error.ts'

/** Prompts are text. More than this is a mistake, not a prompt. */
const maxTextBytes = 16 * 1024 * 1024

/**
 * All of an input as text.
 *
 * @param name what messages call it
 * @throws CliError for a wrong usage, when it is no text or too long
 */
export async function readText(
  input: AsyncIterable<Uint8Array>,
  name = 'standard input',
  maxBytes = maxTextBytes,
): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let length = 0
  try {
    for await (const bytes of input) {
      length += bytes.length
      if (length > maxBytes) throw usageError(`${name} is longer than ${maxBytes} bytes`)
      text += decoder.decode(bytes, { stream: true })
    }
    text += decoder.decode()
  } catch (error) {
    if (error instanceof TypeError) throw usageError(`${name} is not text (UTF-8)`)
    throw error
  }
  if (text.includes('\0')) throw usageError(`${name} is not text: it holds NUL bytes`)
  return text
}
