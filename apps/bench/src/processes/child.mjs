import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/**
 * A process of its own, which answers what it is asked, one question after the other.
 *
 * @param {string} name a file beside this one
 */
export function startChild(name, args = []) {
  const execArgv = ['--expose-gc', '--max-old-space-size=8000']
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), args, { execArgv })
  const exit = once(child, 'exit')
  return {
    async ask(question) {
      child.send(question)
      const [answer] = await Promise.race([
        once(child, 'message'),
        exit.then(([code]) => {
          throw new Error(`${name} ended with ${code}`)
        }),
      ])
      if (answer.error !== undefined) throw new Error(`${name}: ${answer.error}`)
      return answer
    },
    async end() {
      if (child.connected) child.disconnect()
      await exit
    },
  }
}

/** The other side: `answer` gives the answer to each question. The process ends when nobody can ask any more. */
export function answerQuestions(answer) {
  process.on('message', (question) => {
    answer(question).then(
      (reply) => process.send(reply),
      (error) => process.send({ error: String(error.stack ?? error) }),
    )
  })
  process.on('disconnect', () => process.exit())
}
