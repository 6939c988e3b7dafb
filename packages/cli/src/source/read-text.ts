import { usageError } from '../arguments/usage-error.ts'

/** Prompts are text. More than this is a mistake, not a prompt. */
const maxTextBytes = 16 * 1024 * 1024

/** All of an input as text. */
export async function readText(input: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let length = 0
  try {
    for await (const bytes of input) {
      length += bytes.length
      if (length > maxTextBytes) throw usageError(`standard input is longer than ${maxTextBytes} bytes`)
      text += decoder.decode(bytes, { stream: true })
    }
    text += decoder.decode()
  } catch (error) {
    if (error instanceof TypeError) throw usageError('standard input is not text (UTF-8)')
    throw error
  }
  if (text.includes('\0')) throw usageError('standard input is not text: it holds NUL bytes')
  return text
}
