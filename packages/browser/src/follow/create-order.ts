/**
 * Makes what tells ids that go on from those that are known.
 *
 * Servers count: a number at the end of an id says whether it is beyond another of the same kind. Equal ids that hold no
 * number are the same. The kind is found once, because a look from the end of each id takes as long as to merge a chunk.
 *
 * @param last the id that was reached before
 */
export function createOrder(last: string | undefined): (id: string) => boolean {
  let kind = ''
  let reached = -1

  function isNew(id: string): boolean {
    const isOfKind = id.startsWith(kind) && /^\d*$/.test(id.slice(kind.length))
    if (!isOfKind) kind = id.replace(/\d+$/, '')
    const number = Number(id.slice(kind.length))
    if (isOfKind && number <= reached) return false
    reached = number
    return true
  }

  if (last !== undefined) isNew(last)
  return isNew
}
