import { project } from '@deltawire/testkit/vitest'

// Minutes long, and so not part of `npm test`: `pnpm fuzz` and the full check run it.
export default project('fuzz', { include: ['test/fuzz/**/*.test.ts', 'test/template.test.ts'] })
