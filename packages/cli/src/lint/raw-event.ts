import { isDone, partsOf } from './check-framing.ts'
import { isObject, type Obj } from './raw-part.ts'

/** `{"error":{"message":…}}` and nothing beside it. */
export function isPlainError(value: Obj): boolean {
  const { error } = value
  return isObject(error) && typeof error['message'] === 'string' && Object.keys(value).length === 1
}

/** Whether an event reports an error, in any of the forms in which servers do. */
export function isErrorLike(value: Obj, name: string | undefined): boolean {
  const { error, base_resp: status, choices } = value
  if (name === 'error' || value['object'] === 'error' || value['type'] === 'error') return true
  if (isObject(status) && status['status_code'] !== 0) return true
  if (Array.isArray(choices) && choices.some((choice) => isObject(choice) && isObject(choice['error']))) return true
  return isObject(error) ? Object.values(error).some((field) => field !== null) : Boolean(error)
}

/** What the data of an event holds, as it was sent: mostly one object. */
export function valuesIn(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? (value as unknown[]) : [value]
  } catch {
    return partsOf(text)
      .filter((part) => !isDone(part))
      .map((part) => JSON.parse(part) as unknown)
  }
}
