import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/** What a process has in memory, in bytes. Linux only. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

/** What the kernel keeps for the connections of a port, at both ends, in bytes: received and unread, and sent. Linux only. */
export function kernelBytes(port: number | string): number {
  const { stdout } = spawnSync('ss', ['-tmnH', `( sport = :${port} or dport = :${port} )`], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const found = [...stdout.matchAll(/skmem:\(r(\d+),rb\d+,t\d+,tb\d+,f(\d+),w(\d+)/g)]
  return found.reduce((sum, [, ...parts]) => parts.reduce((bytes, part) => bytes + Number(part), sum), 0)
}
