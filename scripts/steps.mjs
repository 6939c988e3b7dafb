// Runs the named steps: one line each with its duration, and a step's own output only when it fails.
// Needs nothing but Node.js and npm: npx brings the pnpm of package.json, which nobody has to install.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const commands = {
  // A production environment still needs the tools to build.
  install: 'pnpm install --frozen-lockfile --prefer-offline --prod=false',
  build: 'turbo run build --output-logs=errors-only',
  format: 'oxfmt --check',
  lint: 'oxlint --type-aware --deny-warnings --report-unused-disable-directives',
  boundaries: 'turbo boundaries',
  types: 'turbo run typecheck --output-logs=errors-only',
}

const root = fileURLToPath(new URL('..', import.meta.url))
const { engines, packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const names = process.argv.slice(2)
const unknown = names.filter((name) => !Object.hasOwn(commands, name))
if (names.length === 0 || unknown.length > 0) {
  fail(`${unknown.join(', ') || 'nothing'} is no step: node scripts/steps.mjs ${Object.keys(commands).join(' ')}`)
}
if (!runsHere(engines.node)) {
  fail(`Deltawire needs Node.js ${engines.node}; this is ${process.version}`)
}

// With --prefer-offline npx does not ask the registry each time, which takes a minute where there is no network.
// turbo looks for pnpm on the PATH, so it is put there once for all steps.
const pnpm = `npx --yes --prefer-offline --package=${packageManager} -- node -p process.env.PATH`
const path = await step('pnpm', pnpm, process.env.PATH)
for (const name of names) await step(name, commands[name], path.trim())

/** Resolves to what the command wrote to standard output. */
async function step(name, command, PATH) {
  const begin = performance.now()
  process.stderr.write(`${name} … `)
  const { code, output, errors } = await run(command, {
    ...process.env,
    PATH: [join(root, 'node_modules/.bin'), PATH].join(delimiter),
    DO_NOT_TRACK: '1',
  })
  process.stderr.write(`${((performance.now() - begin) / 1000).toFixed(1)} s\n`)
  if (code !== 0) fail(`${output}${errors}\n${name} failed: ${command}`, code)
  return output
}

function run(command, env) {
  const child = spawn(command, { cwd: root, env, shell: true, stdio: ['ignore', 'pipe', 'pipe'] })
  return new Promise((resolve) => {
    let output = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (errors += text))
    child.on('close', (code) => resolve({ code: code ?? 1, output, errors }))
  })
}

/** Whether this Node.js is in a range like `^20.19.0 || >=22.12.0`; no library is there yet to tell. */
function runsHere(range) {
  const [major, minor] = numbers(process.version)
  return range.split('||').some((part) => {
    const [leastMajor, leastMinor] = numbers(part)
    if (major === leastMajor) return minor >= leastMinor
    return major > leastMajor && part.includes('>=')
  })
}

function numbers(version) {
  return version.match(/\d+/g).map(Number)
}

function fail(message, code = 1) {
  process.stderr.write(`${message}\n`)
  process.exit(code)
}
