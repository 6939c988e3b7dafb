import { systemClock } from '../src/clock.ts'
import { Interrupted } from '../src/io.ts'
import { runCli, type CliOptions, type CliResult } from './run-cli.ts'

/** How a server says where it listens: `mock` and `record` in a sentence, `relay` in a line of its log. */
const place = /listening(?: on |".*"origin":")(http[^"\s]+)/

/** Runs a server until it has said where it listens, does something with it, and ends it with Ctrl-C. */
export async function serving(
  argv: readonly string[],
  use: (url: string) => Promise<void>,
  options: CliOptions = {},
): Promise<CliResult> {
  const interrupt = new AbortController()
  let said = ''
  let url: string | undefined
  let failure: Error | undefined
  const result = await runCli(argv, {
    clock: systemClock,
    ...options,
    signal: interrupt.signal,
    onStderr(text) {
      said += text
      if (url !== undefined) return
      url = place.exec(said)?.[1]
      if (url === undefined) return
      void use(url)
        .catch((error: Error) => (failure = error))
        .finally(() => interrupt.abort(new Interrupted('SIGINT')))
    },
  })
  if (failure !== undefined) throw failure
  return result
}
