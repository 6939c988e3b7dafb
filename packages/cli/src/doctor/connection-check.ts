import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { connect, rootCertificates, type TLSSocket } from 'node:tls'
import { proxyFor } from '../network/network-fetch.ts'
import { fail, pass, skip, warn, type Check, type Prober, type Result } from './check.ts'

const soonMs = 14 * 86_400_000
const connectMs = 10_000

/** What is beneath the requests: the name, and who answers to it. */
export const connectionCheck: Check = {
  about: 'the way to the server',
  async run(prober) {
    const { endpoint, io } = prober
    const url = new URL(endpoint.baseURL)
    const proxy = proxyFor(url, endpoint.way.proxy, io.env)
    if (proxy !== undefined) return skip(`it leads through the proxy ${proxy.host}, which does the rest`)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const found = await lookup(host, { all: true }).catch((error: unknown) => String(codeOf(error)))
    if (typeof found === 'string') return fail(`there is no address for ${host} (${found})`)
    const addresses = found.map(({ address }) => address)
    const known = addresses.length > 3 ? [...addresses.slice(0, 3), `${addresses.length - 3} more`] : addresses
    const where = known.join(', ')
    return url.protocol === 'https:' ? secured(url, host, where, prober) : plain(addresses, where, endpoint.secrets)
  },
}

function plain(addresses: readonly string[], where: string, secrets: readonly string[]): Result {
  const isNear = addresses.every((address) => /^(?:127\.|::1$)/.test(address))
  return isNear || secrets.length === 0
    ? pass(`${where}, not encrypted`)
    : warn(`${where}, not encrypted: everybody on the way can read the key`)
}

async function secured(url: URL, host: string, where: string, { endpoint, io }: Prober): Promise<Result> {
  let socket: TLSSocket | undefined
  try {
    const { ca } = endpoint.way
    const trusted = ca === undefined ? {} : { ca: [...rootCertificates, await readFile(ca, 'utf8')] }
    // Judged below: what is wrong with it is worth more than that it was refused.
    socket = connect({
      host,
      port: Number(url.port || 443),
      servername: /^[\d.:]+$/.test(host) ? '' : host,
      ALPNProtocols: ['h2', 'http/1.1'],
      rejectUnauthorized: false,
      ...trusted,
    })
    await secure(socket)
    const spoken = socket.alpnProtocol || 'http/1.1'
    const about = `${where}, ${socket.getProtocol() ?? 'TLS'}, speaks ${spoken}`
    const reason = socket.authorizationError as Error | string | null | undefined
    if (reason) {
      const why = `${about}; its certificate is not trusted (${String(codeOf(reason))})`
      return endpoint.way.insecure ? warn(`${why}, and --insecure takes any`) : fail(why)
    }
    const until = Date.parse(socket.getPeerCertificate().valid_to)
    const text = `${about}; its certificate is good until ${new Date(until).toISOString().slice(0, 10)}`
    return until - io.clock.date() < soonMs ? warn(`${text}: that is soon`) : pass(text)
  } catch (error) {
    return fail(`${where} does not speak TLS with us (${String(codeOf(error))})`)
  } finally {
    socket?.destroy()
  }
}

function secure(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.setTimeout(connectMs, () => reject(new Error(`no answer for ${connectMs / 1000} s`)))
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
  })
}

function codeOf(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  return 'code' in error ? error.code : error.message
}
