import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of the heap, with nothing on it that nobody has. */
export function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  gc()
  // What was held by those who were told of the first.
  gc()
  return process.memoryUsage().heapUsed
}
