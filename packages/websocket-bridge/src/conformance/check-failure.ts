/** What a relay or a client does otherwise than `PROTOCOL.md` says. */
export class CheckFailure extends Error {
  override readonly name = 'CheckFailure'
}

/** @throws CheckFailure with what was expected */
export function demand(holds: boolean, expected: string): asserts holds {
  if (!holds) throw new CheckFailure(expected)
}
