/**
 * Makes what tells ids that go on from those that are known.
 *
 * Servers count: a number at the end of an id says whether it is beyond another of the same kind. Equal ids that hold no
 * number are the same. The kind is found once, because a look from the end of each id takes as long as to merge a chunk.
 *
 * @param last the id that was reached before
 */
export function createOrder(last: string | undefined): (id: string) => boolean {
  let kind: string | undefined
  let reached = 0

  function isNew(id: string): boolean {
    const number = kind !== undefined && id.startsWith(kind) ? id.slice(kind.length) : undefined
    if (kind === undefined || number === undefined || !/^\d*$/.test(number)) kind = id.replace(/\d+$/, '')
    else if (Number(number) <= reached) return false
    reached = Number(id.slice(kind.length))
    return true
  }

  if (last !== undefined) isNew(last)
  return isNew
}
