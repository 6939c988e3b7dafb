import type { Io } from './io.ts'

/**
 * The program `deltawire-NAME` on the PATH that serves `deltawire NAME`, as git does it.
 *
 * Only a word that can be a name is looked for: a prompt that begins with another is not.
 */
export async function pluginFor(word: string | undefined, { env }: Pick<Io, 'env'>): Promise<string | undefined> {
  if (word === undefined || !/^[a-z][a-z0-9-]*$/.test(word)) return undefined
  const { delimiter, join } = await import('node:path')
  const suffixes = process.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : ['']
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    for (const suffix of suffixes) {
      // A relative entry of the PATH means wherever the user happens to stand.
      const path = join(folder, `deltawire-${word}${suffix}`)
      if (folder !== '' && (await isExecutable(path))) return path
    }
  }
  return undefined
}

async function isExecutable(path: string): Promise<boolean> {
  const { access, constants } = await import('node:fs/promises')
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
