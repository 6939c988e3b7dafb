/**
 * Whether a file descriptor is a terminal.
 *
 * What is no device is none, and nothing is none: only otherwise is the module asked, which brings the network of Node.js with it (3 ms).
 */
export function isTerminal(descriptor: 0 | 1 | 2): boolean {
  const fs = process.getBuiltinModule('node:fs')
  try {
    const file = fs.fstatSync(descriptor)
    if (!file.isCharacterDevice() || file.rdev === fs.statSync('/dev/null', { throwIfNoEntry: false })?.rdev)
      return false
  } catch {
    // It is closed.
    return false
  }
  return process.getBuiltinModule('node:tty').isatty(descriptor)
}
