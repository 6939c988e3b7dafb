/** Waits until something is so, one turn of the event loop after the other. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns += 1) {
    if (turns > 100_000) throw new Error(`never became true: ${String(condition)}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Lets everything happen that is to happen at once. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve))
}
