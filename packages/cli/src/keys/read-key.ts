import { readFile } from 'node:fs/promises'
import { CliError } from '../cli-error.ts'
import type { Profile } from '../config/config-schema.ts'
import { exitCode } from '../exit-code.ts'
import type { Environment, Io } from '../io.ts'
import { readKeyring } from './keyring.ts'
import { runForText } from './run-for-text.ts'

/** Where a profile's key is, in words that may be shown. */
export function keySourceOf({ keyCmd, keyEnv, keyFile, keyring }: Profile): string | undefined {
  if (keyCmd !== undefined) return `the command ${JSON.stringify(keyCmd)}`
  if (keyEnv !== undefined) return `$${keyEnv}`
  if (keyFile !== undefined) return `the file ${keyFile}`
  return keyring === true ? 'the keyring of the system' : undefined
}

/**
 * The key of a profile; `''` when it names none.
 *
 * What is wrong is said without showing anything of it.
 *
 * @throws CliError when it cannot be had
 */
export async function readKey(name: string, profile: Profile, io: Pick<Io, 'env' | 'signal'>): Promise<string> {
  const source = keySourceOf(profile)
  if (source === undefined) return ''
  const key = await read(name, profile, io)
  if (key === undefined || key === '') {
    throw new CliError(
      exitCode.configuration,
      `there is no key for the profile ${name} in ${source}`,
      keyHint(profile, name),
    )
  }
  return checkKey(key, source)
}

async function read(
  name: string,
  { keyCmd, keyEnv, keyFile }: Profile,
  io: Pick<Io, 'env' | 'signal'>,
): Promise<string | undefined> {
  if (keyCmd !== undefined) return keyFromCommand(keyCmd, io)
  if (keyEnv !== undefined) return io.env[keyEnv]
  if (keyFile !== undefined) return keyFromFile(keyFile, io.env)
  return readKeyring(name, io)
}

function keyHint({ keyring }: Profile, name: string): string {
  return keyring === true ? `deltawire keys set ${name} puts one there` : 'deltawire keys test tries it alone'
}

/** Its first line of output: password stores write notes beneath. */
export async function keyFromCommand(
  command: string | readonly string[],
  io: Pick<Io, 'env' | 'signal'>,
): Promise<string> {
  const argv = typeof command === 'string' ? shellOf(command) : command
  const output = await runForText(argv, { env: io.env, signal: io.signal })
  return output.split(/\r?\n/)[0]?.trim() ?? ''
}

function shellOf(line: string): string[] {
  return process.platform === 'win32' ? ['cmd', '/d', '/s', '/c', line] : ['/bin/sh', '-c', line]
}

async function keyFromFile(path: string, env: Environment): Promise<string | undefined> {
  const full = path.startsWith('~/') ? `${env['HOME'] ?? env['USERPROFILE'] ?? '~'}${path.slice(1)}` : path
  try {
    return (await readFile(full, 'utf8')).trim()
  } catch (error) {
    throw new CliError(
      exitCode.configuration,
      `cannot read the key from ${JSON.stringify(path)}: ${error instanceof Error && 'code' in error ? String(error.code) : ''}`,
    )
  }
}

/** A key that no header can hold would be shown by the error of `fetch`. */
export function checkKey(key: string, source: string): string {
  if (!/[^\u0021-\u007E]/.test(key)) return key
  throw new CliError(exitCode.configuration, `${source} holds a space, a line end or another character that no key has`)
}
