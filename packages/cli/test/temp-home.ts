import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

export interface TempHome {
  /** The folder of this test. */
  readonly path: string
  /** For `runCli`. */
  readonly env: Record<string, string>
  /** Writes a file in it, and gives its path. */
  write(name: string, text: string | Uint8Array, mode?: number): string
}

/** A home folder for every test, gone afterwards. */
export function tempHome(): TempHome {
  let path = ''
  beforeEach(() => void (path = mkdtempSync(join(tmpdir(), 'deltawire-home-'))))
  afterEach(() => rmSync(path, { recursive: true, force: true }))
  return {
    get path() {
      return path
    },
    get env() {
      return {
        HOME: path,
        PATH: process.env['PATH'] ?? '',
        XDG_CONFIG_HOME: join(path, 'config'),
        XDG_DATA_HOME: join(path, 'data'),
        XDG_STATE_HOME: join(path, 'state'),
      }
    },
    write(name, text, mode = 0o644) {
      const file = join(path, name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text, { mode })
      return file
    },
  }
}
