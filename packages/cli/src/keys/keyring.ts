import { CliError } from '../cli-error.ts'
import { exitCode } from '../exit-code.ts'
import type { Io } from '../io.ts'
import { runForText } from './run-for-text.ts'

/** What a program is called with, and what it is given to read: a key is in no argument, where `ps` would show it. */
interface Call {
  readonly argv: readonly string[]
  readonly input?: string
}

interface Keyring {
  read(profile: string): Call
  write(profile: string, key: string): Call
  remove(profile: string): Call
}

const service = 'deltawire'

/**
 * The keyring of each system by the system's own program, so that nothing native is shipped: the keychain of macOS, the
 * Secret Service of Linux (`libsecret-tools`), and on Windows the vault of web credentials.
 */
export const keyrings: { readonly [P in NodeJS.Platform]?: Keyring } = {
  darwin: {
    read: (profile) => ({ argv: ['security', 'find-generic-password', '-s', service, '-a', profile, '-w'] }),
    write: (profile, key) => ({
      argv: ['security', '-i'],
      input: `add-generic-password -U -s ${service} -a ${quoted(profile)} -w ${quoted(key)}\n`,
    }),
    remove: (profile) => ({ argv: ['security', 'delete-generic-password', '-s', service, '-a', profile] }),
  },
  linux: {
    read: (profile) => ({ argv: ['secret-tool', 'lookup', 'service', service, 'profile', profile] }),
    write: (profile, key) => ({
      argv: ['secret-tool', 'store', `--label=deltawire: ${profile}`, 'service', service, 'profile', profile],
      input: key,
    }),
    remove: (profile) => ({ argv: ['secret-tool', 'clear', 'service', service, 'profile', profile] }),
  },
  win32: {
    read: (profile) =>
      vault(profile, `$c = $v.Retrieve('${service}', $p); $c.RetrievePassword(); [Console]::Out.Write($c.Password)`),
    write: (profile, key) => ({
      ...vault(
        profile,
        `$k = [Console]::In.ReadToEnd(); $v.Add((New-Object Windows.Security.Credentials.PasswordCredential('${service}', $p, $k)))`,
      ),
      input: key,
    }),
    remove: (profile) => vault(profile, `$v.Remove($v.Retrieve('${service}', $p))`),
  },
}

function quoted(word: string): string {
  return `"${word.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}

function vault(profile: string, script: string): Call {
  const load =
    '[void][Windows.Security.Credentials.PasswordVault,Windows.Security.Credentials,ContentType=WindowsRuntime]'
  const name = `'${profile.replaceAll("'", "''")}'`
  return {
    argv: [
      'powershell',
      '-NoProfile',
      '-NonInteractive',
      '-Command',
      `${load}; $v = New-Object Windows.Security.Credentials.PasswordVault; $p = ${name}; ${script}`,
    ],
    // Not ours to read from: PowerShell would wait for it.
    input: '',
  }
}

type KeyringIo = Pick<Io, 'env' | 'signal'>

export async function readKeyring(profile: string, io: KeyringIo): Promise<string> {
  return (await call(keyring().read(profile), io)).replace(/\r?\n$/, '')
}

export async function writeKeyring(profile: string, key: string, io: KeyringIo): Promise<void> {
  await call(keyring().write(profile, key), io)
}

export async function removeFromKeyring(profile: string, io: KeyringIo): Promise<void> {
  await call(keyring().remove(profile), io)
}

function keyring(): Keyring {
  const known = keyrings[process.platform]
  if (known !== undefined) return known
  throw new CliError(
    exitCode.configuration,
    `no keyring of ${process.platform} is known`,
    'use keyCmd, keyEnv or keyFile',
  )
}

async function call({ argv, input = '' }: Call, { env, signal }: KeyringIo): Promise<string> {
  try {
    return await runForText(argv, { env, signal, input })
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    const isMissing = error.message.endsWith('not found')
    const hint =
      isMissing && process.platform === 'linux'
        ? 'secret-tool is in the package libsecret-tools; or use keyCmd, keyEnv or keyFile'
        : undefined
    throw new CliError(error.exitCode, `the keyring of the system did not answer: ${error.message}`, hint)
  }
}
