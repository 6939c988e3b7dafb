/**
 * What every start needs, and what the shortest run needs: the build puts all of it into one file.
 *
 * A file more costs a start a millisecond, a hundred kilobytes more cost it two.
 */
export { run } from './run.ts'
export { merge } from './commands/merge.ts'
