import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join, relative, resolve, sep } from 'node:path'
import type { UserContentPart } from '@deltawire/core'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import { CliError } from '../cli-error.ts'
import type { Io } from '../io.ts'
import { abortable } from '../source/abortable.ts'
import { checkUrl } from '../source/check-url.ts'
import { readFile } from '../source/file-source.ts'
import { readText } from '../source/read-text.ts'

/** Files are sent whole: more than this is a mistake. */
const maxFileBytes = 20 * 1024 * 1024
/** A folder is what somebody works on, not everything that lies in it. */
const maxFiles = 500
const ignored: ReadonlySet<string> = new Set(['node_modules', 'dist', 'coverage', 'target', '__pycache__'])

/** The text of files between marks that name them, for a prompt. */
export async function readTextFiles(names: readonly string[], io: Io): Promise<string[]> {
  const texts: string[] = []
  for (const name of names) {
    if (name === '-') texts.push(fenced('stdin', await readText(abortable(io.stdin, io.signal))))
    else if (/^https?:\/\//.test(name)) texts.push(fencedFile(name, decode(await fetchBytes(name, io), name)))
    else for (const file of await filesOf(name, io.cwd)) texts.push(...(await textOfFile(file, name, io)))
  }
  return texts
}

async function textOfFile(path: string, given: string, io: Io): Promise<string[]> {
  const { cwd } = io
  const bytes = await readBytes(path, io)
  const shown = relative(cwd, path).split(sep).join('/') || path
  const text = textIn(bytes)
  if (text !== undefined) return [fencedFile(shown, text)]
  // Somebody who names a picture is told; in a folder it is passed over.
  if (path === resolve(cwd, given)) throw usageError(`${quote(shown)} is not text`, `attach it with -a ${given}`)
  return []
}

/** Between marks that a model can tell apart from the prompt. */
export function fenced(tag: string, text: string, attributes = ''): string {
  return `<${tag}${attributes}>\n${text.replace(/\n$/, '')}\n</${tag}>`
}

export function fencedFile(name: string, text: string): string {
  return fenced('file', text, ` name=${JSON.stringify(name)}`)
}

function decode(bytes: Uint8Array, name: string): string {
  const text = textIn(bytes)
  if (text === undefined) throw usageError(`${quote(name)} is not text`, `attach it with -a ${name}`)
  return text
}

/** Nothing when the bytes are no text: in UTF-8, and without NUL. */
function textIn(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}

/** A file, the files of a folder, or what a pattern with `*`, `**` and `?` fits. */
async function filesOf(name: string, cwd: string): Promise<string[]> {
  const path = resolve(cwd, name)
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory() === true) return walk(path, () => true)
  // Also a pipe, as of `-f <(git diff)`.
  if (found !== undefined) return [path]
  if (!/[*?]/.test(name)) throw usageError(`cannot read ${quote(name)}: no such file`)
  const root = resolve(cwd, /^(?:[^*?/]*\/)*/.exec(name)?.[0] ?? '')
  const pattern = globPattern(resolve(cwd, name))
  const files = await walk(root, (file) => pattern.test(file.split(sep).join('/')))
  if (files.length === 0) throw usageError(`no file fits ${quote(name)}`)
  return files
}

async function walk(folder: string, fits: (path: string) => boolean): Promise<string[]> {
  const files: string[] = []
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.') || ignored.has(entry.name)) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) files.push(...(await walk(path, fits)))
    else if (entry.isFile() && fits(path)) files.push(path)
    if (files.length > maxFiles) throw usageError(`more than ${maxFiles} files in ${quote(folder)}`, 'name fewer')
  }
  return files
}

function globPattern(glob: string): RegExp {
  const source = glob
    .split(sep)
    .join('/')
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(
      /\*\*\/|\*\*|\*|\?/g,
      (mark) => ({ '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' })[mark] ?? '',
    )
  return new RegExp(`^${source}$`)
}

async function readBytes(path: string, { signal }: Io): Promise<Uint8Array> {
  try {
    return await collect(readFile(path, signal), path)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof CliError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw usageError(
      `cannot read ${quote(path)}: ${{ ENOENT: 'no such file', EACCES: 'not allowed', EISDIR: 'it is a directory' }[code] ?? code}`,
    )
  }
}

/** All of it; some things have no end. */
async function collect(source: AsyncIterable<Uint8Array>, name: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of source) {
    length += piece.length
    if (length > maxFileBytes) throw usageError(`${quote(name)} is larger than ${maxFileBytes / 1024 / 1024} MB`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

async function fetchBytes(url: string, io: Io): Promise<Uint8Array> {
  checkUrl(url)
  const response = await io.fetch(url, { signal: io.signal }).catch((error: unknown) => {
    if (io.signal.aborted) throw io.signal.reason
    throw usageError(`cannot read ${quote(url)}: ${error instanceof Error ? error.message : ''}`)
  })
  if (!response.ok) throw usageError(`cannot read ${quote(url)}: the server answered ${response.status}`)
  return collect((response.body ?? []) as AsyncIterable<Uint8Array>, url)
}

export interface Attachment {
  /** A file, a URL, or - for standard input. */
  readonly name: string
  /** What it is, where nobody could tell from its first bytes. */
  readonly type?: string
}

/** Pictures, sound and documents as parts of a message. */
export async function readAttachments(attachments: readonly Attachment[], io: Io): Promise<UserContentPart[]> {
  const parts: UserContentPart[] = []
  for (const attachment of attachments) parts.push(await toPart(attachment, io))
  return parts
}

async function toPart({ name, type: given }: Attachment, io: Io): Promise<UserContentPart> {
  const isUrl = /^https?:\/\//.test(name)
  if (isUrl) checkUrl(name)
  const named = given ?? typeByName[extname(isUrl ? new URL(name).pathname : name).toLowerCase()]
  // A server fetches a picture by itself.
  if (isUrl && (named === undefined || named.startsWith('image/')))
    return { type: 'image_url', image_url: { url: name } }
  const bytes =
    name === '-'
      ? await collect(abortable(io.stdin, io.signal), 'standard input')
      : isUrl
        ? await fetchBytes(name, io)
        : await readBytes(resolve(io.cwd, name), io)
  const type = given ?? typeByBytes(bytes) ?? named
  const data = Buffer.from(bytes).toString('base64')
  if (type?.startsWith('image/') === true)
    return { type: 'image_url', image_url: { url: `data:${type};base64,${data}` } }
  if (type?.startsWith('audio/') === true)
    return { type: 'input_audio', input_audio: { data, format: type.slice('audio/'.length) } }
  if (type !== undefined)
    return {
      type: 'file',
      file: { filename: name === '-' ? 'stdin' : basename(name), file_data: `data:${type};base64,${data}` },
    }
  throw usageError(
    `what ${quote(name)} is cannot be told from its first bytes`,
    `say it: --at image/png:${name}. Text goes with -f`,
  )
}

const typeByName: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.wav': 'audio/wav',
  '.mp3': 'audio/mp3',
  '.pdf': 'application/pdf',
}

/** The first bytes of each, in Latin-1. */
const magics: readonly (readonly [RegExp, string])[] = [
  [/^\u0089PNG/, 'image/png'],
  [/^\u00FF\u00D8\u00FF/, 'image/jpeg'],
  [/^GIF8/, 'image/gif'],
  [/^RIFF[\s\S]{4}WEBP/, 'image/webp'],
  [/^RIFF[\s\S]{4}WAVE/, 'audio/wav'],
  [/^(?:ID3|\u00FF[\u00F2\u00F3\u00FA\u00FB])/, 'audio/mp3'],
  [/^%PDF/, 'application/pdf'],
]

function typeByBytes(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1')
  return magics.find(([magic]) => magic.test(head))?.[1]
}
