/** Calls back when something happens. Gives what ends that. */
export type Watch = (callback: () => void) => () => void

/** Waits for what happens first, and then watches for nothing any more. */
export async function firstOf(...watches: readonly Watch[]): Promise<void> {
  const ends: (() => void)[] = []
  await new Promise<void>((resolve) => {
    for (const watch of watches) ends.push(watch(resolve))
  })
  for (const end of ends) end()
}
