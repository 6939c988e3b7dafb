import { readdirSync, readFileSync } from 'node:fs'

/** One deviation met in the wild: bytes in, completion out. The catalogue with the reasons is `QUIRKS.md`. */
export interface Case {
  name: string
  title: string
  category: string
  provider: string
  /** Where it was reported. */
  source: string | string[]
  /** The body as text. */
  sse: string
  /** The completion that the body folds into; the partial one when there is an `expect_error`. */
  expected: object | null
  /** What the caller of the stream knows. */
  options?: CaseOptions
  /** Feed this many bytes at a time. */
  byte_splits?: number
  /** Paths at which any string is right. */
  any_string?: string[]
  expect_error?: CaseError
  /** What a reader of the text says, where that is not simply `content`. */
  expected_text?: string
  expected_reasoning?: string
  /** Of the response. `text/event-stream` when absent. */
  content_type?: string
  /** The expectation is our decision, not a documented behaviour. */
  judgement?: boolean
  notes: string
  known_failures?: string
}

export interface CaseOptions {
  n?: number
  cumulative?: boolean
}

/** `api`: the server said so. `protocol`: what came is no chunk stream. `incomplete`: it stopped too early. */
export interface CaseError {
  kind: 'api' | 'incomplete' | 'protocol'
  message: string
  type?: string
  code?: number | string
}

/** The cases of the catalogue, one to a file. */
export const cases: readonly Case[] = jsonIn('../cases/').map((json) => json as Case)

/**
 * Further cases of the same families, one file to a family: written from the catalogue alone, without a look at how it is
 * done. Several to each oddity: at another place, in another form, with two choices, beside a second oddity.
 */
export const variants: readonly Case[] = jsonIn('../cases/variants/').flatMap((json) => json as Case[])

function jsonIn(path: string): unknown[] {
  const folder = new URL(path, import.meta.url)
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return names.toSorted().map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as unknown)
}

export interface Difference {
  /** `choices[0].message.content` */
  path: string
  expected: unknown
  got: unknown
}

/**
 * Every place where a completion is not the one a case expects; an empty list when it is.
 *
 * `null` and absence are the same, except for the keys that a completion must have even when they are `null`.
 */
export function matchesExpected(
  actual: unknown,
  { expected, any_string }: Pick<Case, 'any_string' | 'expected'>,
): Difference[] {
  const anyString = new Set(any_string)
  const differences: Difference[] = []
  // A list of what remains to compare rather than recursion: a hostile body nests deeper than the stack allows.
  const remaining: Difference[] = [{ path: '', expected, got: actual }]
  for (let pair = remaining.pop(); pair !== undefined; pair = remaining.pop()) {
    if (anyString.has(pair.path) && typeof pair.got === 'string') continue
    const inside = childrenOf(pair)
    if (inside === undefined) {
      if (!sameLeaf(pair)) differences.push(pair)
    } else {
      remaining.push(...inside.toReversed())
    }
  }
  return differences
}

/** The pairs one level down, or nothing when the two cannot be compared key by key. */
function childrenOf({ path, expected, got }: Difference): Difference[] | undefined {
  if (Array.isArray(expected) && Array.isArray(got)) {
    return Array.from({ length: Math.max(expected.length, got.length) }, (_, at) => ({
      path: `${path}[${at}]`,
      expected: expected[at] as unknown,
      got: got[at] as unknown,
    }))
  }
  if (!isRecord(expected) || !isRecord(got)) return undefined
  return [...new Set([...Object.keys(expected), ...Object.keys(got)])].map((key) => ({
    path: path === '' ? key : `${path}.${key}`,
    expected: own(expected, key),
    got: own(got, key),
  }))
}

const requiredNullable =
  /^choices\[\d+\]\.(?:finish_reason|logprobs|logprobs\.content|logprobs\.refusal|message\.content|message\.refusal)$/

function sameLeaf({ path, expected, got }: Difference): boolean {
  if (requiredNullable.test(path)) return expected === got
  return (expected ?? null) === (got ?? null)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Own keys only: what stands on a prototype was never sent. */
function own(record: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
