import { project } from '@deltawire/testkit/vitest'

export default project('core', { exclude: ['test/fuzz/**'], setupFiles: ['test/seed.ts'] })
