import { readFile } from 'node:fs/promises'
import type { Run } from '../arguments/command.ts'
import { usageError } from '../arguments/usage-error.ts'
import { confirm } from '../chat/confirm.ts'
import { listModels } from '../chat/list-models.ts'
import { readLine } from '../chat/read-line.ts'
import { withoutSecrets } from '../chat/redacted.ts'
import type { ConfigFlags } from '../config/config-flags.ts'
import { editJson, parseJsonWithComments } from '../config/json-with-comments.ts'
import { loadSettings, type Settings } from '../config/load-settings.ts'
import { openEndpoint } from '../endpoint.ts'
import { exitCode, exitCodeOf } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { removeFromKeyring, writeKeyring } from '../keys/keyring.ts'
import { checkKey, keySourceOf } from '../keys/read-key.ts'
import { visibleLine } from '../render/visible.ts'
import { note, reportError } from '../report.ts'
import { abortable } from '../source/abortable.ts'
import { readText } from '../source/read-text.ts'
import { replaceFile } from '../store/replace-file.ts'
import type { flags, rmFlags, testFlags } from './keys.command.ts'

export const keysLs: Run<typeof flags> = async ({ flags }, io) => {
  const { user } = await loadSettings(flags, io)
  const profiles = Object.entries(user.value.profiles ?? {})
  for (const [name, profile] of profiles)
    await io.stdout.write(`${visibleLine(`${name}: ${keySourceOf(profile) ?? 'no key'}`)}\n`)
  const isSet = (io.env.OPENAI_API_KEY ?? '') !== ''
  await io.stdout.write(
    `${profiles.length === 0 ? '' : 'otherwise: '}${isSet ? '$OPENAI_API_KEY' : 'no key: $OPENAI_API_KEY is not set'}\n`,
  )
  return exitCode.complete
}

export const keysSet: Run<typeof flags> = async ({ flags, arguments: [name] }, io) => {
  const { settings, profile } = await profileOf(flags, name, io)
  const key = checkKey(await readNewKey(profile.name, io), 'the key')
  await writeKeyring(profile.name, key, io)
  if (profile.value.keyring !== true) {
    // Whoever puts a key there wants it to be used.
    const { path } = settings.user
    await replaceFile(
      path,
      editJson(parseJsonWithComments(await readFile(path, 'utf8')), ['profiles', profile.name, 'keyring'], true),
    )
    await note(io, flags, `profiles.${profile.name}.keyring is true in ${path} now`)
  }
  const other = keySourceOf({ ...profile.value, keyring: undefined })
  if (other !== undefined)
    await note(io, flags, `the profile still takes its key from ${other}; take that out of ${settings.user.path}`)
  return exitCode.complete
}

async function readNewKey(profile: string, io: Io): Promise<string> {
  if (!io.stdin.isTTY) return (await readText(abortable(io.stdin, io.signal))).trim()
  const terminal = io.terminal?.()
  if (terminal === undefined) throw usageError('nobody is there to type a key', 'send it to standard input')
  await io.stderr.write(`the key of ${profile} (it is not shown): `)
  await io.stderr.flush()
  const key = await readLine(terminal, true)
  await io.stderr.write('\n')
  if (key.trim() === '') throw usageError('no key was given')
  return key.trim()
}

export const keysRm: Run<typeof rmFlags> = async ({ flags, arguments: [name] }, io) => {
  const { profile } = await profileOf(flags, name, io)
  await confirm(`take the key of ${profile.name} out of the keyring?`, flags.yes, io)
  await removeFromKeyring(profile.name, io)
  return exitCode.complete
}

export const keysTest: Run<typeof testFlags> = async ({ flags, arguments: [name] }, io) => {
  const endpoint = await openEndpoint({ ...flags, ...(name !== undefined && { profile: name }) }, io)
  const safe = withoutSecrets(io, endpoint.secrets)
  try {
    const models = await listModels({ endpoint }, io)
    const much = models.length === 1 ? 'one model' : `${models.length} models`
    await io.stdout.write(
      `${endpoint.secrets.length === 0 ? 'no key is needed' : 'the key works'}: ${new URL(endpoint.baseURL).host} lists ${much}\n`,
    )
    return exitCode.complete
  } catch (error) {
    await reportError(safe, flags, error)
    return exitCodeOf(error)
  }
}

async function profileOf(
  flags: ConfigFlags,
  given: string | undefined,
  io: Io,
): Promise<{ settings: Settings; profile: NonNullable<Settings['profile']> }> {
  const settings = await loadSettings({ ...flags, ...(given !== undefined && { profile: given }) }, io)
  if (settings.profile === undefined)
    throw usageError('the name of a profile is missing', 'deltawire config edit opens the file where profiles stand')
  return { settings, profile: settings.profile }
}
