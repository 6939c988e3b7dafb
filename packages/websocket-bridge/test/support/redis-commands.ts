/** Counts the commands in what a client of Redis says, in however many pieces it comes. */
export function createCommandCounter(): (data: Buffer) => number {
  let rest = Buffer.alloc(0)
  /** Parts of the command that have not come, of which each is a line with a length, and so many bytes. */
  let missing = 0

  /** @returns where the part ends that begins here; `undefined` if not all of it is there */
  function endOf(at: number): number | undefined {
    const line = rest.indexOf('\r\n', at)
    if (line < 0) return undefined
    const length = Number(rest.subarray(at + 1, line).toString())
    if (rest[at] === 0x2a /* an array */) {
      missing = length
      return line + 2
    }
    const end = line + 2 + length + 2
    if (end > rest.length) return undefined
    missing--
    return end
  }

  return (data) => {
    rest = Buffer.concat([rest, data])
    let count = 0
    let at = 0
    for (let end = endOf(at); end !== undefined && at < rest.length; end = endOf(at)) {
      at = end
      if (missing === 0) count++
    }
    rest = rest.subarray(at)
    return count
  }
}

/** A command that a server of Redis answers with this error, in its turn. */
export function errorCommand(error: string): string {
  const script = `return redis.error_reply(${JSON.stringify(error)})`
  const parts = ['EVAL', script, '0']
  return `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`
}
