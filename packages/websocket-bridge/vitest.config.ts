import { project } from '@deltawire/testkit/vitest'

export default project('websocket-bridge', { setupFiles: ['test/seed.ts'] })
