import type { JsonSchema } from '@deltawire/core'
import type { StandardSchema } from './standard-schema.ts'

/** What is sent for a schema. */
export interface JsonSchemaOptions {
  /** The JSON Schema that is sent, for libraries that do not make one (valibot alone). What comes is validated by `schema`. */
  jsonSchema?: JsonSchema | undefined
  /**
   * Whether the server is to hold the model to the schema. Objects are closed for it (`additionalProperties: false`).
   *
   * @defaultValue whether the schema is one that OpenAI accepts for it: an object, all of whose members are required, and
   *   no keyword beyond the usual
   */
  strict?: boolean | undefined
}

/** What a request says about a schema. @throws TypeError when its library makes no JSON Schema and none is given */
export function jsonSchemaOf(
  schema: StandardSchema,
  options: JsonSchemaOptions,
): { schema: JsonSchema; strict?: true } {
  const plain = options.jsonSchema ?? convert(schema)
  if (options.strict === false) return { schema: plain }
  const closed = close(plain)
  if (options.strict === true || (plain['type'] === 'object' && isStrict(closed)))
    return { schema: closed, strict: true }
  return { schema: plain }
}

function convert(schema: StandardSchema): JsonSchema {
  const { vendor, jsonSchema } = schema['~standard']
  const advice = 'give one, as in { jsonSchema: toJsonSchema(schema) }'
  if (jsonSchema === undefined) throw new TypeError(`a schema of ${vendor} makes no JSON Schema: ${advice}`)
  try {
    // It would be paid for with every request.
    const { $schema: _dialect, ...rest } = jsonSchema.input({ target: 'draft-2020-12' })
    return rest
  } catch (cause) {
    throw new TypeError(`this schema of ${vendor} has no JSON Schema: ${advice}`, { cause })
  }
}

/** Where schemas stand within a schema. */
const inner = { one: ['items'], list: ['anyOf', 'prefixItems'], map: ['properties', '$defs', 'definitions'] } as const

/** A copy in which objects have no members but those that are named. */
function close(schema: JsonSchema): JsonSchema {
  const closed: JsonSchema = { ...schema }
  for (const key of inner.one) if (isObject(closed[key])) closed[key] = close(closed[key])
  for (const key of inner.list) {
    const list = closed[key]
    if (Array.isArray(list)) closed[key] = list.map((item: unknown) => (isObject(item) ? close(item) : item))
  }
  for (const key of inner.map) {
    const map = closed[key]
    if (isObject(map))
      closed[key] = Object.fromEntries(
        Object.entries(map).map(([name, item]) => [name, isObject(item) ? close(item) : item]),
      )
  }
  if (isObject(closed['properties'])) closed['additionalProperties'] ??= false
  return closed
}

/** https://platform.openai.com/docs/guides/structured-outputs#supported-schemas */
const UNSUPPORTED = [
  'allOf',
  'oneOf',
  'not',
  'if',
  'dependentRequired',
  'dependentSchemas',
  'patternProperties',
  'propertyNames',
]

function isStrict(schema: JsonSchema): boolean {
  if (UNSUPPORTED.some((keyword) => keyword in schema)) return false
  if (schema['type'] === 'object') {
    const { properties, required, additionalProperties } = schema
    if (!isObject(properties) || additionalProperties !== false) return false
    const names: readonly unknown[] = Array.isArray(required) ? required : []
    if (!Object.keys(properties).every((name) => names.includes(name))) return false
  }
  const schemas: unknown[] = [
    ...inner.one.map((key) => schema[key]),
    ...inner.list.flatMap((key): unknown => schema[key] ?? []),
    ...inner.map.flatMap((key) => (isObject(schema[key]) ? Object.values(schema[key]) : [])),
  ]
  return schemas.every((item) => !isObject(item) || isStrict(item))
}

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
