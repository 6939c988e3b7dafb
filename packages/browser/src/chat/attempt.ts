/** Runs code of the page. What it throws is an error of the page, and harms nobody here: a chat has to go on. */
export function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
    return undefined
  }
}
