import { asText, isIndex, isObject, type Json } from './json.ts'

export interface PlainToolCall {
  id: string
  name: string
  arguments: string
}

/** A call whose fragments may still come. */
export interface OpenCall extends PlainToolCall {
  index: number | undefined
}

/** Adds a fragment to the call that it continues, or begins one. */
export function readToolCall(calls: OpenCall[], entry: Json) {
  const part = isObject(entry.function) ? entry.function : isObject(entry.custom) ? entry.custom : {}
  const given: OpenCall = {
    index: isIndex(entry.index) ? entry.index : undefined,
    id: asText(entry.id),
    name: asText(part.name),
    arguments: isObject(part.arguments) ? JSON.stringify(part.arguments) : asText(part.arguments) + asText(part.input),
  }
  const call = callFor(calls, given)
  if (call === undefined) {
    calls.push(given)
    return
  }
  call.id ||= given.id
  if (given.name.startsWith(call.name)) call.name = given.name
  else if (call.arguments === '') call.name += given.name
  // Bedrock sends "{}" where the arguments are still to come.
  if (call.arguments === '{}' && given.arguments.trimStart().startsWith('{')) call.arguments = given.arguments
  else call.arguments += given.arguments
}

/** The call that a fragment continues, or nothing when it begins one: the table of `QUIRKS.md`, row by row. */
function callFor(calls: readonly OpenCall[], given: OpenCall): OpenCall | undefined {
  const known = given.index === undefined ? byId(calls, given) : calls.findLast((call) => call.index === given.index)
  // Neither id nor name: it cannot begin a call, so an index that is new has drifted.
  if (given.id === '' && given.name === '') return known ?? calls.at(-1)
  if (known === undefined || given.name === '') return known
  if (given.id !== '' && known.id !== '' && known.id !== given.id) {
    // A name and a new id begin a call, unless ids are made up anew for each piece of the same arguments.
    const inPieces = known.name === given.name && known.arguments !== '' && !isWholeObject(known.arguments)
    return inPieces ? known : undefined
  }
  // A name without an id begins the next call once the arguments of this one are whole and others come.
  const isNext = given.id === '' && isWholeObject(known.arguments) && given.arguments.trim() !== ''
  return isNext ? undefined : known
}

/** Where there is no index: the call with that id, or the latest one for what cannot begin a call. */
function byId(calls: readonly OpenCall[], { id, name }: OpenCall): OpenCall | undefined {
  const latest = calls.at(-1)
  if (id === '') return latest
  return calls.findLast((call) => call.id === id) ?? (name === '' ? latest : undefined)
}

function isWholeObject(text: string): boolean {
  try {
    return isObject(JSON.parse(text))
  } catch {
    return false
  }
}
