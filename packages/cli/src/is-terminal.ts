/**
 * Whether a file descriptor is a terminal.
 *
 * What is no device is none: only then is the module asked, which brings the network of Node.js with it (3 ms).
 */
export function isTerminal(descriptor: 0 | 1 | 2): boolean {
  try {
    if (!process.getBuiltinModule('node:fs').fstatSync(descriptor).isCharacterDevice()) return false
  } catch {
    // It is closed.
    return false
  }
  return process.getBuiltinModule('node:tty').isatty(descriptor)
}
