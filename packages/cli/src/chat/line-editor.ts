import { PassThrough } from 'node:stream'
import type { Interface } from 'node:readline'
import { holdAlone } from '../hold-terminal.ts'
import { Interrupted, type Io, type Terminal } from '../io.ts'
import { createKeyFilter, fromShown } from './key-filter.ts'

export interface LineEditorOptions {
  readonly prompt: string
  /** The lines that were typed before, the newest first. */
  readonly history: readonly string[]
  readonly complete: (line: string) => Promise<readonly [matches: readonly string[], of: string]>
  /** Called with every line that is worth keeping. */
  readonly onLine: (line: string) => void
  readonly holdTerminal?: Io['holdTerminal'] | undefined
}

/** Reads messages at a prompt of a terminal. */
export interface LineEditor {
  /** The next message; `undefined` when the user leaves. */
  next(): Promise<string | undefined>
  /**
   * A line that is no message: an answer to a question.
   *
   * @throws {Interrupted} on Ctrl-C
   */
  ask(question: string): Promise<string>
  /** While an answer is printed: Ctrl-C calls back, other keys wait for the next prompt. */
  whileBusy<T>(work: () => Promise<T>, onInterrupt: () => void): Promise<T>
  /** Gives the terminal to another program meanwhile. */
  lend<T>(work: () => Promise<T>): Promise<T>
  close(): void
}

const pasteOn = '\u001B[?2004h'
const pasteOff = '\u001B[?2004l'

/**
 * The line editor of Node.js, with what it lacks: a paste of several lines is one message (bracketed paste), Alt-Enter and
 * a backslash make a new line, Ctrl-R searches, Ctrl-C leaves only when it is pressed twice.
 */
export async function createLineEditor({ input, output }: Terminal, options: LineEditorOptions): Promise<LineEditor> {
  const { holdTerminal: hold = holdAlone } = options
  const { createInterface } = await import('node:readline')
  const keys = new PassThrough()
  let onInterrupt: (() => void) | undefined
  /** What was typed while nobody read: keys, and lines in front of them. */
  let waiting = ''
  const waitingLines: string[] = []
  let isBusy = false
  let isReading = false
  let search: { query: string; from: number } | undefined
  let pastes: ReadonlyMap<string, string> = new Map()

  const filter = createKeyFilter({
    keys: (text) => keys.write(text),
    search() {
      search ??= { query: editor.line, from: -1 }
      const { query, from } = search
      const at = history().findIndex((line, index) => index > from && line.includes(query))
      if (at === -1) return
      search = { query, from: at }
      replaceLine(history()[at] ?? '')
    },
    other: () => (search = undefined),
    pasted: (found) => (pastes = found),
  })

  // The types do not know it; the interface keeps its lines there, the newest first.
  const history = () => (editor as Interface & { history?: string[] }).history ?? []

  function replaceLine(text: string) {
    editor.write(null, { ctrl: true, name: 'e' })
    editor.write(null, { ctrl: true, name: 'u' })
    editor.write(text)
  }

  function onData(data: Buffer | string) {
    const text = data.toString()
    if (!isBusy) return filter.push(text)
    // In raw mode Ctrl-C and Ctrl-Z are characters.
    if (text.includes('\u0003')) onInterrupt?.()
    // oxlint-disable-next-line no-control-regex
    waiting += text.replaceAll(/[\u0003\u001A]/g, '')
    if (text.includes('\u001A')) held.suspend()
  }

  // What the line editor asks of a terminal, it asks of this stream.
  Object.assign(keys, { isTTY: true, setRawMode: (isRaw: boolean) => input.setRawMode(isRaw) })
  input.on('data', onData)
  const editor: Interface = createInterface({
    input: keys,
    output,
    terminal: true,
    history: [...options.history],
    historySize: 1000,
    removeHistoryDuplicates: true,
    prompt: options.prompt,
    completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
      void options.complete(line).then(
        ([matches, of]) => done(null, [[...matches], of]),
        () => done(null, [[], line]),
      )
    },
  })
  const use = {
    take() {
      input.setRawMode(true)
      output.write(pasteOn)
      // After the words of the shell.
      if (isReading) editor.prompt(true)
    },
    giveBack() {
      // What follows is not of this line.
      output.write(isReading ? `\r\n${pasteOff}` : pasteOff)
      input.setRawMode(false)
    },
  }
  let held = hold(use)
  // Several come at once from a paste without marks, and from who types ahead.
  editor.on('line', (line) => {
    if (!isReading) waitingLines.push(line)
  })
  editor.on('SIGTSTP', () => held.suspend())
  let isClosed = false
  editor.once('close', () => {
    isClosed = true
    held.release()
  })

  function readLine(isQuestion = false): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      let wantsToLeave = false
      const leave = () => {
        isReading = false
        editor.off('line', end)
        editor.off('close', close)
        editor.off('SIGINT', interrupt)
      }
      const end = (line: string | undefined) => {
        leave()
        resolve(line)
      }
      const close = () => end(undefined)
      const interrupt = () => {
        if (isQuestion) {
          leave()
          output.write('^C\r\n')
          // Without a prompt behind it: nobody reads now.
          editor.setPrompt('')
          replaceLine('')
          return reject(new Interrupted('SIGINT'))
        }
        if (editor.line === '' && wantsToLeave) {
          output.write('\r\n')
          return end(undefined)
        }
        wantsToLeave = editor.line === ''
        output.write(wantsToLeave ? '\n(Ctrl-C again leaves)\n' : '^C\n')
        replaceLine('')
        editor.prompt()
      }
      if (isClosed) return resolve(undefined)
      editor.on('line', end)
      editor.on('close', close)
      editor.on('SIGINT', interrupt)
      // Behind what is there already.
      editor.prompt(true)
      isReading = true
    })
  }

  return {
    async next() {
      let message = ''
      for (;;) {
        editor.setPrompt(message === '' ? options.prompt : '… ')
        const read = waitingLines.length > 0 ? undefined : readLine()
        const typed = waiting
        waiting = ''
        if (typed !== '') filter.push(typed)
        const line = read === undefined ? waitingLines.shift() : await read
        if (line === undefined) return message === '' ? undefined : message
        const whole = fromShown(line, pastes)
        // A backslash at the end: the line goes on.
        if (whole.endsWith('\\') && !whole.endsWith('\\\\')) message += `${whole.slice(0, -1)}\n`
        else {
          message += whole
          if (message.trim() !== '') options.onLine(line)
          return message
        }
      }
    },
    async ask(question) {
      const before = isBusy
      isBusy = false
      // What was typed before is no answer to it.
      if (editor.line !== '') replaceLine('')
      editor.setPrompt(question)
      try {
        return (await readLine(true)) ?? ''
      } finally {
        isBusy = before
      }
    },
    async whileBusy(work, interrupt) {
      isBusy = true
      onInterrupt = interrupt
      try {
        return await work()
      } finally {
        isBusy = false
        onInterrupt = undefined
      }
    },
    async lend(work) {
      input.off('data', onData)
      editor.pause()
      input.pause()
      held.release()
      try {
        return await work()
      } finally {
        held = hold(use)
        input.on('data', onData)
        input.resume()
        editor.resume()
      }
    },
    close() {
      input.off('data', onData)
      editor.close()
      input.pause()
    },
  }
}
