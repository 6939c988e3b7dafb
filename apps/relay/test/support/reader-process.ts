/** Many readers of one stream in a process of their own, which keep nothing of what they read: those of the benchmarks. */
export interface ReaderProcess {
  readonly pid: number
  /** Resolves when all of them have seen the last word. */
  over(): Promise<unknown>
  end(): Promise<void>
}

interface Program {
  readonly pid: number
  ask(what: string, about?: object): Promise<unknown>
  end(): Promise<void>
}

export async function startReaders(origin: string, stream: string, count: number): Promise<ReaderProcess> {
  const { href } = new URL('../../bench/program.mjs', import.meta.url)
  // Plain JavaScript, whose types are its comments.
  const { start } = (await import(/* @vite-ignore */ href)) as { start(name: string): Promise<Program> }
  const { pid, ask, end } = await start('readers.mjs')
  await ask('follow', { kind: 'relay', port: Number(new URL(origin).port), stream, count, ack: true })
  return { pid, over: () => ask('until'), end }
}
