import { framingRules } from './framing-rules.ts'
import { repairRules } from './repair-rules.ts'
import type { Rule } from './rule.ts'
import { shapeRules } from './shape-rules.ts'

/** Every rule, by its name: the repairs of the normalizer, and what needs none. */
export const rules = { ...framingRules, ...shapeRules, ...repairRules }

export type RuleName = keyof typeof rules

export function ruleOf(name: RuleName): Rule {
  return rules[name]
}
