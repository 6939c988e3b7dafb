import { project } from '@deltawire/testkit/vitest'

export default project('chromium', { include: ['test/chromium/*.test.ts'], setupFiles: ['test/support/seed.ts'] })
