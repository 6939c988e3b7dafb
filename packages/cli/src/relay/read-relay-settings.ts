import { readFile } from 'node:fs/promises'
import * as z from 'zod/mini'
import { closest } from '../arguments/closest.ts'
import { CliError } from '../cli-error.ts'
import { JsonTextError, parseJsonWithComments } from '../config/json-with-comments.ts'
import { exitCode } from '../exit-code.ts'
import type { Environment } from '../io.ts'
import {
  type RelaySetting,
  type RelaySettingName,
  relaySettingNames,
  relaySettings,
  type RelaySettings,
  variableOf,
} from './relay-settings.ts'

/** A value, and for messages where it stands. */
interface Given {
  readonly value: unknown
  readonly origin: string
}

/**
 * What a relay is told: by flags, else by the environment, else by a file, else by default.
 *
 * @param flags what the command line says
 * @param file a file of JSON, in which comments may stand
 * @throws CliError that names everything that is wrong, and where; of secrets only where
 */
export async function readRelaySettings(
  flags: Partial<RelaySettings>,
  env: Environment,
  file: string | undefined,
): Promise<RelaySettings> {
  const problems: string[] = []
  const inFile = file === undefined ? {} : await fileSettings(file, problems)
  problems.push(...unknownVariables(env))
  const settings: Record<string, unknown> = {}
  for (const name of relaySettingNames) {
    // Every setting by itself: the types of the table come together in the result.
    const rule = relaySettings[name] as RelaySetting<unknown>
    const given = await find(name, rule, { flags, env, inFile }, problems)
    if (given === undefined) {
      settings[name] = rule.default
      continue
    }
    const { success, data } = z.safeParse(rule.schema, given.value)
    if (success) settings[name] = data
    else
      problems.push(`${given.origin}: expected ${rule.expected}${rule.isSecret ? '' : `, found ${shown(given.value)}`}`)
  }
  // One value for each name of the table, judged by its schema.
  const read = settings as RelaySettings
  problems.push(...contradictions(read))
  if (problems.length > 0) {
    throw new CliError(exitCode.configuration, problems.join('\n       '), 'deltawire relay --help lists the settings')
  }
  return read
}

interface Sources {
  readonly flags: Partial<RelaySettings>
  readonly env: Environment
  readonly inFile: Readonly<Record<string, Given>>
}

async function find(
  name: RelaySettingName,
  rule: RelaySetting<unknown>,
  { flags, env, inFile }: Sources,
  problems: string[],
): Promise<Given | undefined> {
  if (flags[name] !== undefined) return { value: flags[name], origin: `--${name}` }
  const variable = variableOf(name)
  const said = env[variable]
  if (said !== undefined && said !== '') return { value: readText(said, rule), origin: variable }
  const path = rule.isSecret ? env[`${variable}_FILE`] : undefined
  if (path !== undefined && path !== '') {
    try {
      return { value: readText((await readFile(path, 'utf8')).trim(), rule), origin: `${variable}_FILE` }
    } catch (error) {
      problems.push(`${variable}_FILE: ${reasonOf(error)}`)
      return undefined
    }
  }
  return inFile[name] ?? fallback(name, env)
}

/** What the environment says to every client of the protocol. */
function fallback(name: RelaySettingName, env: Environment): Given | undefined {
  const variable = { upstreamURL: 'OPENAI_BASE_URL', upstreamKey: 'OPENAI_API_KEY' }[name as 'upstreamKey']
  const said = variable === undefined ? undefined : env[variable]
  return variable === undefined || said === undefined || said === '' ? undefined : { value: said, origin: variable }
}

function readText(given: string, { read, schema }: RelaySetting<unknown>): unknown {
  if (read !== undefined) return read(given)
  if (z.safeParse(schema, given).success) return given
  try {
    return JSON.parse(given)
  } catch {
    return given
  }
}

async function fileSettings(path: string, problems: string[]): Promise<Record<string, Given>> {
  try {
    const document = parseJsonWithComments(await readFile(path, 'utf8'))
    const { value } = document
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      problems.push(`${path}: expected an object with settings`)
      return {}
    }
    const found = Object.entries(value).map(([name, setting]): [string, Given] => [
      name,
      { value: setting as unknown, origin: `${path}, line ${document.placeOf([name])?.line}, ${name}` },
    ])
    problems.push(
      ...found
        .filter(([name]) => name !== '$schema' && !Object.hasOwn(relaySettings, name))
        .map(([name, { origin }]) => `${origin}: there is no such setting${meant(name, relaySettingNames)}`),
    )
    return Object.fromEntries(found)
  } catch (error) {
    problems.push(`${path}${error instanceof JsonTextError ? `, line ${error.line}` : ''}: ${reasonOf(error)}`)
    return {}
  }
}

/** Where clients find a relay: whoever has it set for them may start another. */
const ofClients = ['DELTAWIRE_RELAY_URL']

/** A slip in the name of a variable would otherwise be a setting that has no effect. */
function unknownVariables(env: Environment): string[] {
  const known = relaySettingNames.flatMap((name) => {
    const { isSecret } = relaySettings[name] as RelaySetting<unknown>
    return isSecret === true ? [variableOf(name), `${variableOf(name)}_FILE`] : [variableOf(name)]
  })
  return Object.keys(env)
    .filter((name) => name.startsWith('DELTAWIRE_RELAY_') && ![...known, ...ofClients].includes(name))
    .map((name) => `${name}: there is no such setting${meant(name, known)}`)
}

function meant(name: string, known: readonly string[]): string {
  const near = closest(name, known)
  return near === undefined ? '' : `; did you mean ${near}?`
}

const loopback = /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/

/** What is right by itself and wrong together. */
function contradictions({ host, tokens, anybody, cookies, origins, redis, ticketSecret }: RelaySettings): string[] {
  const found: string[] = []
  if (typeof host === 'string' && tokens === undefined && !anybody && !loopback.test(host)) {
    found.push(`nobody says who may use this relay, and ${host} can be reached from outside: set tokens, or anybody`)
  }
  if (cookies && origins === '*') found.push("cookies need a list of origins: with '*' every page could use them")
  if (cookies && tokens === undefined) found.push('cookies carry tokens, and there are none')
  if (redis !== undefined && tokens !== undefined && ticketSecret === undefined) {
    found.push('several nodes need the same ticketSecret: a ticket of one is used at another')
  }
  return found
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
