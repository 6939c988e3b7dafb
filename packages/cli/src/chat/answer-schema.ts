import type { JsonSchema } from '@deltawire/core'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import type { Io } from '../io.ts'
import { readTextFile } from '../source/read-text-file.ts'

/**
 * The JSON Schema of `--schema`: a file, JSON itself, or a few words as in `name, age int, tags string[]: what it is about`.
 *
 * `[name, age int]` is a list of such objects, in the member `items`: an answer has to be an object.
 */
export async function readSchema(given: string, io: Pick<Io, 'signal'>): Promise<JsonSchema> {
  if (/^\s*\{/.test(given)) return parse(given, 'the schema')
  const isPath = !given.includes(',') && !given.includes(' ') && /[./\\]/.test(given)
  if (!isPath) return schemaOfWords(given)
  return parse(await readTextFile(given, io), quote(given))
}

function parse(text: string, name: string): JsonSchema {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonSchema
  } catch (error) {
    throw usageError(`${name} is not JSON: ${error instanceof Error ? error.message : ''}`)
  }
  throw usageError(`${name} is no JSON Schema: it has to be an object`)
}

const types: Readonly<Record<string, string>> = {
  string: 'string',
  str: 'string',
  int: 'integer',
  integer: 'integer',
  number: 'number',
  float: 'number',
  bool: 'boolean',
  boolean: 'boolean',
}

export function schemaOfWords(words: string): JsonSchema {
  const [, inner] = /^\s*\[([\s\S]*)\]\s*$/.exec(words) ?? []
  if (inner !== undefined) return objectOf({ items: { type: 'array', items: schemaOfWords(inner) } })
  const fields = words.split(/[,\n]/).map((field) => field.trim())
  return objectOf(Object.fromEntries(fields.filter((field) => field !== '').map(fieldOf)))
}

function fieldOf(field: string): [string, JsonSchema] {
  const [, name = '', type = 'string', list, description] =
    /^([A-Za-z_]\w*)(?:\s+([a-z]+)(\[\])?)?\s*(?::\s*(.*))?$/.exec(field) ?? []
  const known = Object.hasOwn(types, type) ? types[type] : undefined
  if (name === '' || known === undefined) {
    throw usageError(
      `${quote(field)} is no field of a schema`,
      'write name, age int, tags string[], or what: with a description; types are string, int, number, bool',
    )
  }
  const schema: JsonSchema = list === undefined ? { type: known } : { type: 'array', items: { type: known } }
  return [name, description ? { ...schema, description } : schema]
}

function objectOf(properties: Record<string, JsonSchema>): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
}
