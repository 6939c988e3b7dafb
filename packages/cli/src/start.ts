import {
  createProcessInput,
  createProcessOutput,
  holdTerminal,
  Interrupted,
  isTerminal,
  run,
  stopSignals,
  systemClock,
} from './hot.ts'
import type { Io } from './io.ts'

const interrupt = new AbortController()
for (const signal of stopSignals) {
  // Once: a second Ctrl-C finds the default again, which ends the process.
  process.once(signal, () => interrupt.abort(new Interrupted(signal)))
}

const stdin = createProcessInput()
const io: Io = {
  stdin,
  stdout: createProcessOutput(1, () => process.stdout, { isTTY: isTerminal(1), isVital: true }),
  stderr: createProcessOutput(2, () => process.stderr, { isTTY: isTerminal(2), isVital: false }),
  env: process.env,
  cwd: process.cwd(),
  enterFolder(folder) {
    process.chdir(folder)
    return process.cwd()
  },
  signal: interrupt.signal,
  clock: systemClock,
  fetch: (...call) => fetch(...call),
  ...(isTerminal(1) && { holdTerminal: (use) => holdTerminal(use, process) }),
  ...(isTerminal(1) && stdin.isTTY && { terminal: () => ({ input: stdin.open(), output: process.stdout }) }),
}

// Never process.exit(): it would cut what a slow pipe has not taken yet.
process.exitCode = await run(process.argv.slice(2), io)
stdin.close()
