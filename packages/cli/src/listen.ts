import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { usageError } from './arguments/usage-error.ts'

const problems: Record<string, string> = {
  EADDRINUSE: 'it is in use',
  EACCES: 'it is not allowed',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'this machine has no such address',
}

/** Starts to listen, and resolves to where: `http://127.0.0.1:8080`. */
export async function listen(server: Server, port: number, host: string): Promise<{ origin: string; port: number }> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  return { origin: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`, port: address.port }
}

/** What is wrong with the place that a user wants to listen on, in a user's words; anything else as it came. */
export function listenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (problems[code] === undefined) return error
  return usageError(`cannot listen on ${host}:${port}: ${problems[code]}`, '--port 0 takes a free port')
}

/** Ends at once, running answers too. */
export async function closeNow(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
}
