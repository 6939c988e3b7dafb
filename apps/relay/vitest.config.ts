import { project } from '@deltawire/testkit/vitest'

// Many processes on a machine that may have two cores.
export default project('relay', { testTimeout: 60_000, hookTimeout: 60_000 })
