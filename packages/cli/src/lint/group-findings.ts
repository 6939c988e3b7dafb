import type { Finding } from './lint-capture.ts'
import { ruleOf, type RuleName } from './rules.ts'
import { severities, type Severity } from './rule.ts'

/** All places where a stream breaks one rule, by the first of them. */
export interface Group {
  readonly rule: RuleName
  readonly severity: Severity
  readonly first: Finding
  readonly count: number
}

export interface Selection {
  /** Nothing below it. */
  readonly level: Severity
  /** Only these; all when empty. */
  readonly only: readonly string[]
  readonly ignore: readonly string[]
}

export function isAtLeast(severity: Severity, level: Severity): boolean {
  return severities.indexOf(severity) >= severities.indexOf(level)
}

export function select(findings: readonly Finding[], { level, only, ignore }: Selection): Finding[] {
  return findings.filter(({ rule }) => {
    const isWanted = only.length === 0 ? isAtLeast(ruleOf(rule).severity, level) : only.includes(rule)
    return isWanted && !ignore.includes(rule)
  })
}

/** One entry per rule, and per field for those that are not specified. */
export function groupFindings(findings: readonly Finding[]): Group[] {
  const groups = new Map<string, { first: Finding; count: number }>()
  for (const finding of findings) {
    const key = finding.rule === 'unknown-field' ? `${finding.rule} ${finding.detail}` : finding.rule
    const known = groups.get(key)
    if (known === undefined) groups.set(key, { first: finding, count: 1 })
    else known.count++
  }
  return [...groups.values()].map(({ first, count }) => ({
    rule: first.rule,
    severity: ruleOf(first.rule).severity,
    first,
    count,
  }))
}
