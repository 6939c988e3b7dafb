/** Calls back when something happens. Gives what ends that. */
export type Watch = (callback: () => void) => () => void

/** Waits for what happens first, and then watches for nothing any more. */
export async function firstOf(...watches: readonly Watch[]): Promise<void> {
  let ends: readonly (() => void)[] = []
  await new Promise<void>((resolve) => (ends = watches.map((watch) => watch(resolve))))
  for (const end of ends) end()
}
