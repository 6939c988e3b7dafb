import { connect, createServer, type Socket } from 'node:net'

/** Stands between a node and its store, and breaks what a network breaks. */
export interface CutProxy {
  readonly url: string
  /** Ends all connections, in the middle of whatever they carry. */
  cut(): void
  /** Carries nothing any more, and keeps the connections: a cable that was pulled. */
  swallow(): void
  /** Loses answers: what is asked arrives. */
  swallowAnswers(): void
  /** Carries again, and ends the connections that have lost something. */
  mend(): void
  close(): Promise<void>
}

export async function startCutProxy(port: number): Promise<CutProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let loses: 'all' | 'answers' | undefined

  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    const pair = [near, far] as const
    pairs.add(pair)
    const end = (): void => {
      pairs.delete(pair)
      near.destroy()
      far.destroy()
    }
    for (const socket of pair) socket.on('error', end).on('close', end)
    near.on('data', (data) => void (loses === 'all' || far.write(data)))
    far.on('data', (data) => void (loses !== undefined || near.write(data)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a listening server has a port')

  function cut(): void {
    for (const [near, far] of pairs) {
      near.destroy()
      far.destroy()
    }
  }
  return {
    url: `redis://127.0.0.1:${address.port}`,
    cut,
    swallow() {
      loses = 'all'
    },
    swallowAnswers() {
      loses = 'answers'
    },
    mend() {
      loses = undefined
      cut()
    },
    async close() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
