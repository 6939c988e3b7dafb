// Builds the page for a documentation: it answers out of its files, and any static server will do.
import { buildPage } from '@deltawire/cli/build-page'
import { fileURLToPath } from 'node:url'

await buildPage(fileURLToPath(new URL('../dist', import.meta.url)), { isReplay: true })
