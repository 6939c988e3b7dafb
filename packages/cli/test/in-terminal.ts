import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The file that is published. `pnpm build` makes it. */
export const binary = fileURLToPath(new URL('../dist/main.js', import.meta.url))

/**
 * Terminals of tmux, one after the other.
 *
 * @param tmux the program
 * @param folder where its sockets are, and where commands run; also their home
 */
export function createTerminals(tmux: string, folder: () => string) {
  // A server of its own for every terminal: the one before may still be on its way out.
  let count = 0

  function call(...argv: string[]): string {
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder(), LANG: 'C.UTF-8', SHELL: '/bin/sh', TERM: 'screen' }
    return execFileSync(tmux, ['-S', join(folder(), `tmux-${count}`), '-f', '/dev/null', ...argv], {
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      env,
    })
  }

  const screen = () => call('capture-pane', '-p').trimEnd()

  /** Waits for something: events of a terminal cannot be listened to. */
  async function until(what: (now: string) => boolean, from: () => string, about: string): Promise<string> {
    for (let tries = 0; tries < 1200; tries++) {
      const text = from()
      if (what(text)) return text
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`${about} did not come about on:\n${screen()}`)
  }

  const state = () => call('display-message', '-p', 'cursor #{cursor_flag}, alternate #{alternate_on}').trim()

  return {
    call,
    screen,
    state,
    /** Opens a terminal in which that runs. */
    open(command: string, columns = 80, rows = 24): void {
      count += 1
      call('new-session', '-d', '-x', String(columns), '-y', String(rows), `cd '${folder()}'; ${command}`)
    },
    keys: (...names: string[]) => void call('send-keys', ...names),
    type(text: string): void {
      call('send-keys', '-l', text)
      call('send-keys', 'Enter')
    },
    seen(what: RegExp | string, from: () => string = screen): Promise<string> {
      return until((text) => (typeof what === 'string' ? text.includes(what) : what.test(text)), from, String(what))
    },
    /** Waits until the terminal is in that state. */
    is: (wanted: string) => until((text) => text === wanted, state, wanted),
    close(): void {
      try {
        call('kill-server')
      } catch {
        // It has ended by itself.
      }
    },
  }
}
