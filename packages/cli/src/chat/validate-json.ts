import { isDeepStrictEqual } from 'node:util'
import type { JsonSchema } from '@deltawire/core'

/**
 * What is wrong with a value by a JSON Schema (2020-12), each as one sentence that begins with the place.
 *
 * The part of it that structured answers use; what is unknown is not checked.
 */
export function validateJson(value: unknown, schema: unknown, root: unknown = schema, path = ''): string[] {
  if (schema === false) return [sentence(path, 'nothing is allowed here')]
  if (typeof schema !== 'object' || schema === null) return []
  const rules = schema as JsonSchema
  return Object.entries(rules).flatMap(([keyword, expected]) =>
    Object.hasOwn(keywords, keyword) ? (keywords[keyword]?.({ value, expected, rules, root, path }) ?? []) : [],
  )
}

interface Check {
  readonly value: unknown
  readonly expected: unknown
  readonly rules: JsonSchema
  readonly root: unknown
  readonly path: string
}

const keywords: Readonly<Record<string, (check: Check) => string[]>> = {
  type({ value, expected, path }) {
    const wanted = Array.isArray(expected) ? expected : [expected]
    const fits = wanted.some((type) => type === typeOf(value) || (type === 'number' && typeOf(value) === 'integer'))
    return fits ? [] : [sentence(path, `has to be ${wanted.join(' or ')}, not ${typeOf(value)}`)]
  },
  enum: ({ value, expected, path }) =>
    Array.isArray(expected) && !expected.some((one) => isDeepStrictEqual(one, value))
      ? [sentence(path, `has to be one of ${JSON.stringify(expected)}, not ${shown(value)}`)]
      : [],
  const: ({ value, expected, path }) =>
    isDeepStrictEqual(expected, value) ? [] : [sentence(path, `has to be ${JSON.stringify(expected)}`)],
  required: ({ value, expected, path }) =>
    isObject(value) && Array.isArray(expected)
      ? expected
          .filter((name) => !Object.hasOwn(value, String(name)))
          .map((name) => sentence(within(path, String(name)), 'is missing'))
      : [],
  properties: ({ value, expected, root, path }) =>
    isObject(value) && isObject(expected)
      ? Object.entries(expected).flatMap(([name, schema]) =>
          Object.hasOwn(value, name) ? validateJson(value[name], schema, root, within(path, name)) : [],
        )
      : [],
  additionalProperties({ value, expected, rules, root, path }) {
    if (!isObject(value)) return []
    const known = isObject(rules['properties']) ? rules['properties'] : {}
    const others = Object.keys(value).filter((name) => !Object.hasOwn(known, name))
    if (expected === false) return others.map((name) => sentence(within(path, name), 'is not in the schema'))
    return others.flatMap((name) => validateJson(value[name], expected, root, within(path, name)))
  },
  items: ({ value, expected, root, path }) =>
    Array.isArray(value) ? value.flatMap((item, at) => validateJson(item, expected, root, `${path}[${at}]`)) : [],
  anyOf: (check) => alternatives(check, (count) => count > 0),
  oneOf: (check) => alternatives(check, (count) => count === 1),
  allOf: ({ value, expected, root, path }) =>
    Array.isArray(expected) ? expected.flatMap((one) => validateJson(value, one, root, path)) : [],
  $ref({ value, expected, root, path }) {
    const target = String(expected)
    const found = target.startsWith('#') ? resolve(root, target.slice(1)) : undefined
    return found === undefined ? [] : validateJson(value, found, root, path)
  },
  minimum: (check) => bound(check, (value, limit) => value >= limit, 'at least'),
  maximum: (check) => bound(check, (value, limit) => value <= limit, 'at most'),
  exclusiveMinimum: (check) => bound(check, (value, limit) => value > limit, 'more than'),
  exclusiveMaximum: (check) => bound(check, (value, limit) => value < limit, 'less than'),
  minLength: (check) => size(check, 'string', (length, limit) => length >= limit, 'at least', 'characters'),
  maxLength: (check) => size(check, 'string', (length, limit) => length <= limit, 'at most', 'characters'),
  minItems: (check) => size(check, 'array', (length, limit) => length >= limit, 'at least', 'items'),
  maxItems: (check) => size(check, 'array', (length, limit) => length <= limit, 'at most', 'items'),
  pattern: ({ value, expected, path }) =>
    typeof value === 'string' && !new RegExp(String(expected), 'u').test(value)
      ? [sentence(path, `does not fit ${String(expected)}`)]
      : [],
}

function alternatives({ value, expected, root, path }: Check, isEnough: (count: number) => boolean): string[] {
  if (!Array.isArray(expected)) return []
  const count = expected.filter((one) => validateJson(value, one, root, path).length === 0).length
  return isEnough(count) ? [] : [sentence(path, `fits ${count} of ${expected.length} alternatives`)]
}

function bound(
  { value, expected, path }: Check,
  holds: (value: number, limit: number) => boolean,
  words: string,
): string[] {
  return typeof value === 'number' && typeof expected === 'number' && !holds(value, expected)
    ? [sentence(path, `has to be ${words} ${expected}, not ${value}`)]
    : []
}

function size(
  { value, expected, path }: Check,
  type: string,
  holds: (length: number, limit: number) => boolean,
  words: string,
  unit: string,
): string[] {
  if (typeOf(value) !== type || typeof expected !== 'number') return []
  const { length } = type === 'string' ? [...(value as string)] : (value as unknown[])
  return holds(length, expected) ? [] : [sentence(path, `has to have ${words} ${expected} ${unit}, not ${length}`)]
}

function resolve(root: unknown, pointer: string): unknown {
  let at = root
  for (const part of pointer.split('/').slice(1)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    if (!isObject(at) || !Object.hasOwn(at, key)) return undefined
    at = at[key]
  }
  return at
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function within(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function sentence(path: string, what: string): string {
  return `${path === '' ? 'the answer' : path} ${what}`
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
