import { project } from '@deltawire/testkit/vitest'

/** A row over HTTP starts half a dozen processes, and the timeout is a guard against what hangs. */
export default project('bench', { include: ['test/**/*.test.mjs'], testTimeout: 180_000 })
