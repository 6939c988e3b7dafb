import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The environment variable that names the folder of recordings: one with a `manifest.json`. */
export const corpusVariable = 'DELTAWIRE_CORPUS'

/** Why tests over recordings are left out, in one line. */
export const corpusMissing = `The recordings are not here: set ${corpusVariable} to their folder (the one with manifest.json) to run these tests.`

/** A stream as a provider really sent it. */
export interface Recording {
  /** Below the folder of the corpus: `openai/gpt-4o-text-0a1b2c.sse`. */
  readonly file: string
  readonly provider: string
  readonly model: string
  /** What is in it, in the words of the manifest: `tool-call`, `no-done`, `sse:crlf`. */
  readonly features: readonly string[]
  /** What the recorder changed. */
  readonly note?: string
  /** Whether a server sent it: a few were written by hand after a real one. */
  readonly real: boolean
  /** `bytes` as received; otherwise somebody parsed, scrubbed or rejoined them before storing. */
  readonly fidelity: 'bytes' | 'parsed' | 'rejoined' | 'scrubbed'
  /** Read from disk when first asked for. */
  readonly bytes: Uint8Array
}

/**
 * Every recording, or `undefined` when the environment names no folder.
 *
 * The recordings are third-party data: they are read from where they lie and never copied into this repository. A folder
 * that is named but not there is a mistake, and throws.
 */
export function corpus(folder: string | undefined = process.env[corpusVariable]): readonly Recording[] | undefined {
  if (folder === undefined || folder === '') return undefined
  const manifest = join(folder, 'manifest.json')
  if (!existsSync(manifest)) throw new Error(`${corpusVariable} is set, but there is no ${manifest}`)
  const entries = JSON.parse(readFileSync(manifest, 'utf8')) as Omit<Recording, 'bytes'>[]
  return entries.map((entry) => withBytes(entry, folder))
}

function withBytes(entry: Omit<Recording, 'bytes'>, folder: string): Recording {
  let bytes: Uint8Array | undefined
  return {
    ...entry,
    get bytes() {
      bytes ??= new Uint8Array(readFileSync(join(folder, entry.file)))
      return bytes
    },
  }
}
