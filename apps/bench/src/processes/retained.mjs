// What a process holds on to.

/** Waits until everything that has arrived was read: until turns of the event loop cost nothing. */
export async function idle() {
  for (let quiet = 0; quiet < 5;) {
    const begin = process.cpuUsage()
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    const { user, system } = process.cpuUsage(begin)
    quiet = user + system < 2_000 ? quiet + 1 : 0
  }
}

/** Bytes of heap and external memory after full collections. */
export async function retained() {
  for (let pass = 0; pass < 3; pass++) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
