import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

/** A Redis server of the test's own, on a free port, that keeps nothing on the disk. */
export async function startRedis(path: string): Promise<{ url: string; stop(): Promise<void> }> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  const server = spawn(path, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'])
  const exited = once(server, 'exit')
  await new Promise<void>((resolve, reject) => {
    let said = ''
    server.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (/ready to accept connections/i.test(said)) resolve()
    })
    void exited.then(() => reject(new Error(`redis-server ended:\n${said}`)))
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      server.kill()
      await exited
    },
  }
}
