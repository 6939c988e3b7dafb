import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { usageError } from '../arguments/usage-error.ts'
import type { Io } from '../io.ts'
import { runCommand } from '../run-command.ts'

/** Opens the user's editor with a text and resolves to what became of it. The file is gone afterwards. */
export async function editText(text: string, io: Pick<Io, 'env' | 'signal'>, name = 'prompt.md'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'deltawire-edit-'))
  const path = join(folder, name)
  try {
    await writeFile(path, text, { mode: 0o600 })
    await openEditor(path, io)
    return (await readFile(path, 'utf8')).trimEnd()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The editor of `$VISUAL` or `$EDITOR`, which may have arguments of its own. */
export async function openEditor(path: string, { env, signal }: Pick<Io, 'env' | 'signal'>): Promise<void> {
  const editor = env['VISUAL'] || env['EDITOR'] || (process.platform === 'win32' ? 'notepad' : 'vi')
  const argv = process.platform === 'win32' ? [editor, path] : ['/bin/sh', '-c', `${editor} "$1"`, 'editor', path]
  const code = await runCommand(argv, env, signal)
  if (code !== 0) throw usageError(`the editor ended with exit code ${code}: ${editor}`)
}
