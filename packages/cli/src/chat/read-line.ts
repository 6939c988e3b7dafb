import type { Terminal } from '../io.ts'

/** One line that the user types. @param isHidden for keys: nothing of it is shown */
export async function readLine({ input, output }: Terminal, isHidden = false): Promise<string> {
  const { createInterface } = await import('node:readline')
  const { Writable } = await import('node:stream')
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const editor = createInterface({ input, output: isHidden ? silent : output, terminal: true })
  try {
    return await new Promise<string>((resolve) => {
      editor.once('line', resolve)
      editor.once('SIGINT', () => resolve(''))
      editor.once('close', () => resolve(''))
    })
  } finally {
    editor.close()
  }
}
