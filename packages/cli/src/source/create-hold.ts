import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'

/** A hundred of the longest answers. */
const usualMaxBytes = 256 * 1024 * 1024
/** What a piece costs beside its bytes: of many empty ones there is an end, too. */
const bytesPerPiece = 64

/**
 * Counts what is held of a source that somebody needs whole: not every source has an end.
 *
 * @param hint what does without
 * @returns called with the length of every piece; throws CliError when it is too much
 */
export function createHold(
  name: string,
  { maxBytes = usualMaxBytes, hint }: { readonly maxBytes?: number | undefined; readonly hint?: string } = {},
): (bytes: number) => void {
  let held = 0
  return (bytes) => {
    held += bytes + bytesPerPiece
    if (held > maxBytes)
      throw usageError(`${name === '-' ? 'standard input' : quote(name)} is longer than ${maxBytes} bytes`, hint)
  }
}
