/**
 * What every start needs: the build puts all of it into one file, and what reads a stream into another (start-files.ts).
 *
 * A file more costs a start a millisecond, a hundred kilobytes more cost it seven.
 */
export { systemClock } from './clock.ts'
export { holdTerminal } from './hold-terminal.ts'
export { Interrupted, stopSignals } from './io.ts'
export { isTerminal } from './is-terminal.ts'
export { createProcessInput } from './process-input.ts'
export { createProcessOutput } from './process-output.ts'
export { run } from './run.ts'
