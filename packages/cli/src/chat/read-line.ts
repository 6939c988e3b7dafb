import { Interrupted, type Terminal } from '../io.ts'

/**
 * One line that the user types.
 *
 * @param isHidden for keys: nothing of it is shown
 * @throws {Interrupted} on Ctrl-C, which is a key while a line is read
 */
export async function readLine({ input, output }: Terminal, isHidden = false): Promise<string> {
  const { createInterface } = await import('node:readline')
  const { Writable } = await import('node:stream')
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const editor = createInterface({ input, output: isHidden ? silent : output, terminal: true })
  try {
    return await new Promise<string>((resolve, reject) => {
      editor.once('line', resolve)
      editor.once('SIGINT', () => {
        output.write('^C\r\n')
        reject(new Interrupted('SIGINT'))
      })
      editor.once('close', () => resolve(''))
    })
  } finally {
    editor.close()
  }
}
