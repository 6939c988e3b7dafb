import { project } from '@deltawire/testkit/vitest'

export default project('cli', { setupFiles: ['test/seed.ts'], testTimeout: 30_000 })
