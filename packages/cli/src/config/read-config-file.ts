import { readFile } from 'node:fs/promises'
import { closest } from '../arguments/closest.ts'
import { JsonTextError, parseJsonWithComments, type JsonDocument } from './json-with-comments.ts'
import type { ProjectConfig, UserConfig } from './config-schema.ts'

export interface ConfigFile<T> {
  readonly path: string
  /** What of it is valid. */
  readonly value: T
  readonly document: JsonDocument | undefined
  /** Everything that is wrong, each as one sentence that begins with the line. */
  readonly problems: readonly string[]
}

/** The user's file; empty when there is none. */
export function readUserConfig(path: string): Promise<ConfigFile<UserConfig>> {
  return readConfigFile(path, 'userConfig')
}

/** The file of a project. What it must not say is a problem, and has no effect. */
export function readProjectConfig(path: string): Promise<ConfigFile<ProjectConfig>> {
  return readConfigFile(path, 'projectConfig')
}

async function readConfigFile<T>(path: string, schema: 'projectConfig' | 'userConfig'): Promise<ConfigFile<T>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code))
    const problems = isAbsent ? [] : [`cannot be read: ${error instanceof Error ? error.message : String(error)}`]
    return { path, value: {} as T, document: undefined, problems }
  }
  let document: JsonDocument
  try {
    document = parseJsonWithComments(text)
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error
    return { path, value: {} as T, document: undefined, problems: [`line ${error.line}: ${error.message}`] }
  }
  // Only loaded where there is a file to judge.
  const schemas = await import('./config-schema.ts')
  const result = schemas[schema].safeParse(document.value)
  if (result.success) return { path, value: result.data as T, document, problems: [] }
  const issues = result.error.issues as readonly Issue[]
  const problems = issues.flatMap((issue) => sentencesOf(issue, document, schema))
  return { path, value: without(document.value, issues) as T, document, problems }
}

/** Of zod, as far as we look at it. */
interface Issue {
  readonly code: string
  readonly path: readonly PropertyKey[]
  readonly expected?: string
  readonly keys?: readonly string[]
  readonly values?: readonly unknown[]
  readonly minimum?: number | bigint
  readonly format?: string
  readonly errors?: readonly (readonly Issue[])[]
}

function sentencesOf(issue: Issue, document: JsonDocument, schema: 'projectConfig' | 'userConfig'): string[] {
  const { path } = issue
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).map((key) => {
      const line = document.placeOf([...path, key])?.line ?? 1
      return `line ${line}: ${nameOf([...path, key])} ${unknownKey(key, path, schema)}`
    })
  }
  const line = document.placeOf(path)?.line ?? document.placeOf(path.slice(0, -1))?.line ?? 1
  return [`line ${line}: ${nameOf(path)} has to be ${expectationOf(issue)}, not ${foundAt(document.value, path)}`]
}

const words = (text: string) => text.split(' ')

/** Where each of our keys may stand, to say what was meant. */
const known = {
  projectConfig: words('model system template options'),
  userConfig: words('model system template options profile profiles aliases prices store render reasoning usage'),
  profile: words(
    'baseUrl model keyCmd keyEnv keyFile keyring keyHeader organization project headers options connectTimeout firstTimeout idleTimeout timeout retries proxy caFile',
  ),
} as const

function unknownKey(key: string, path: readonly PropertyKey[], schema: 'projectConfig' | 'userConfig'): string {
  const isUsers = known.userConfig.includes(key) || known.profile.includes(key)
  if (schema === 'projectConfig' && isUsers) return 'may not be set by a project: it stands in your own file only'
  if (/^(?:api)?key$/i.test(key))
    return 'is no setting: a key stands in no file of ours; name keyCmd, keyEnv or keyFile, or use deltawire keys set'
  const meant = closest(key, path[0] === 'profiles' ? known.profile : known[schema])
  return meant === undefined ? 'is no setting' : `is no setting; did you mean ${meant}?`
}

function expectationOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return expectedTypes[issue.expected ?? ''] ?? String(issue.expected)
    case 'invalid_value':
      return (issue.values ?? []).map((value) => JSON.stringify(value)).join(' or ')
    case 'too_small':
      return issue.minimum === 1 ? 'something, not empty' : `a number from ${String(issue.minimum)}`
    case 'invalid_format':
      return issue.format === 'url' ? 'an http URL' : 'a time such as "500ms", "30s" or "2m"'
    case 'invalid_union':
      return issue.path.at(-1) === 'keyCmd'
        ? 'a command, as a text or a list of words'
        : 'a time such as "500ms", "30s" or "2m"'
    default:
      return 'valid'
  }
}

const expectedTypes: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
}

/** Not more of it than tells what it is: it may be a key that stands in the wrong place. */
function foundAt(value: unknown, path: readonly PropertyKey[]): string {
  const found = valueAt(value, path)
  if (found === undefined) return 'missing'
  if (Array.isArray(found)) return 'a list'
  if (typeof found === 'object' && found !== null) return 'an object'
  const text = JSON.stringify(found)
  return text.length > 40 ? `${text.slice(0, 12)}…` : text
}

export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Record<PropertyKey, unknown>)[key]
  }
  return at
}

/** The value without what is wrong with it: the rest counts. */
function without(value: unknown, issues: readonly Issue[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  const copy = structuredClone(value)
  for (const { path, keys } of issues) {
    for (const key of keys ?? [path.at(-1)]) {
      const around = valueAt(copy, keys === undefined ? path.slice(0, -1) : path)
      if (typeof around === 'object' && around !== null && key !== undefined) Reflect.deleteProperty(around, key)
    }
  }
  return copy
}

function nameOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the file' : path.map(String).join('.')
}
