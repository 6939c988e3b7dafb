import type { Finding } from './lint-capture.ts'
import type { ProfileName } from './profile-names.ts'
import { isNews } from './profiles.ts'
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
  readonly profile: ProfileName
}

export function isAtLeast(severity: Severity, level: Severity): boolean {
  return severities.indexOf(severity) >= severities.indexOf(level)
}

export function isWanted(rule: RuleName, { level, only, ignore, profile }: Selection): boolean {
  if (only.length > 0) return only.includes(rule)
  return isAtLeast(ruleOf(rule).severity, level) && !ignore.includes(rule) && isNews(rule, profile)
}

export function select(findings: readonly Finding[], selection: Selection): Finding[] {
  return findings.filter(({ rule }) => isWanted(rule, selection))
}

/** With what their rules say about them. */
export function groupFindings(findings: readonly Finding[]): Group[] {
  return findings.map((first) => ({
    rule: first.rule,
    severity: ruleOf(first.rule).severity,
    first,
    count: first.count,
  }))
}
