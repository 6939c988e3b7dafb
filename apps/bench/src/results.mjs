// What was measured last, per version of Node.js: results/node-24.json, written row by row.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'

const FOLDER = new URL('../results/', import.meta.url)
const file = (major) => new URL(`node-${major}.json`, FOLDER)
const [MAJOR] = process.versions.node.split('.')

/** What is kept for a major version of Node.js; `undefined` when nothing is. */
export function readResults(major = MAJOR) {
  try {
    return JSON.parse(readFileSync(file(major), 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Keeps one row, beside what this version of Node.js has already. */
export function saveRow(name, result) {
  const { rows = {} } = readResults() ?? {}
  const [{ model }] = cpus()
  const kept = {
    node: process.versions.node,
    machine: `${process.platform} ${process.arch}, ${cpus().length} × ${model.trim() || 'unnamed processor'}`,
    versions: peerVersions(),
    rows: { ...rows, [name]: result },
  }
  mkdirSync(FOLDER, { recursive: true })
  // Four digits tell more than any of this repeats.
  const rounded = (key, value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value)
  writeFileSync(file(MAJOR), `${JSON.stringify(kept, rounded, 1)}\n`)
}

/** The peers as they are installed. */
function peerVersions() {
  const { devDependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const versionOf = (name) =>
    JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version
  const outside = Object.keys(devDependencies).filter((name) => !name.startsWith('@deltawire/') && name !== 'vitest')
  return Object.fromEntries(outside.map((name) => [name, versionOf(name)]))
}
