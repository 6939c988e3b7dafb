import { visibleJson } from './visible.ts'

/** JSON for the answer: one line when compact, for a reader otherwise. Ends with a line feed. */
export function jsonText(value: unknown, isCompact: boolean): string {
  return `${visibleJson(JSON.stringify(value, undefined, isCompact ? undefined : 2))}\n`
}
