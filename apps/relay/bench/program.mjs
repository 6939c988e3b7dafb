import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/**
 * Starts a file of this folder as a process of its own, which does what it is asked.
 *
 * @param {string} name
 * @param {readonly unknown[]} args
 * @param {Record<string, string>} env
 */
export async function start(name, args = [], env = {}) {
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), args.map(String), {
    // To see where the time goes: BENCH_NODE_FLAGS='--cpu-prof --cpu-prof-dir=…'.
    execArgv: ['--expose-gc', ...(process.env.BENCH_NODE_FLAGS?.split(' ') ?? [])],
    env: { ...process.env, ...env },
  })
  const waiting = new Map()
  let last = 0
  child.on('message', ({ id, answer, failure }) => {
    const [resolve, reject] = waiting.get(id) ?? []
    waiting.delete(id)
    if (failure === undefined) resolve?.(answer)
    else reject?.(new Error(failure))
  })
  child.on('exit', () => {
    for (const [, reject] of waiting.values()) reject(new Error(`${name} has ended`))
  })
  const ask = (what, about = {}) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, [resolve, reject])
      child.send({ id: last, what, about })
    })
  return {
    ask,
    pid: child.pid,
    about: await ask('begin'),
    async end() {
      const exit = once(child, 'exit')
      child.disconnect()
      await exit
    },
  }
}

/** The other end: answers what the process is asked. */
export function answerWith(answers) {
  const answer = async ({ id, what, about }) => {
    try {
      process.send({ id, answer: await answers[what](about) })
    } catch (reason) {
      process.send({ id, failure: String(reason?.stack ?? reason) })
    }
  }
  process.on('message', (asked) => void answer(asked))
  process.on('disconnect', () => process.exit())
}
