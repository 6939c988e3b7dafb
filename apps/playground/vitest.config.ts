import { project } from '@deltawire/testkit/vitest'

export default project('playground')
