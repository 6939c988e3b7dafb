import { project } from '@deltawire/testkit/vitest'

export default project('browser', { include: ['test/*.test.ts'], setupFiles: ['test/support/seed.ts'] })
