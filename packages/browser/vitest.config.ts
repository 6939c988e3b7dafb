import { project } from '@deltawire/testkit/vitest'

export default project('browser', { setupFiles: ['test/support/seed.ts'] })
