import type { Io } from '../io.ts'
import { readLine } from './read-line.ts'

/** Asks the user something on the terminal, beside the answer. Nothing where there is no terminal. */
export function questioner({
  terminal,
  stderr,
}: Pick<Io, 'stderr' | 'terminal'>): ((question: string) => Promise<string>) | undefined {
  if (terminal === undefined) return undefined
  return async (question) => {
    await stderr.write(question)
    await stderr.flush()
    return readLine(terminal())
  }
}
