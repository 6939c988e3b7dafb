import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'

/** Says before anything is asked that what begins as a URL is none. */
export function checkUrl(name: string): void {
  if (!URL.canParse(name)) throw usageError(`${quote(name)} is no URL`)
}
