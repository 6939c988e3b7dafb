import { project } from '@deltawire/testkit/vitest'

export default project('node', { setupFiles: ['test/seed.ts'] })
