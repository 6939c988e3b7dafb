import { BlockList, isIP } from 'node:net'

/**
 * Whether the variable `NO_PROXY` lists a server, which is then asked directly whatever proxies there are.
 *
 * It is `*`, or names separated by commas or spaces, each with everything below it; addresses; ranges of them as in
 * Node.js (`10.1.2.1-10.1.2.9`) and blocks as in curl and Go (`10.0.0.0/8`). What has a port is meant for that alone.
 *
 * @param env where `no_proxy` is looked for, and then `NO_PROXY`, as Node.js does
 */
export function isInNoProxy(
  { protocol, hostname, port }: URL,
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  const host = bare(hostname)
  const asked = port || (protocol === 'https:' ? '443' : '80')
  return (env['no_proxy'] ?? env['NO_PROXY'] ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '*') return true
      // Of an IPv6 address without brackets nothing is a port.
      const [, written = entry, only = asked] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? []
      const name = bare(written.replace(/^\*?\.?/, ''))
      if (name === '' || only !== asked) return false
      return host === name || host.endsWith(`.${name}`) || isWithin(host, name)
    })
}

/** Without the brackets of IPv6, and the dot that ends a name. */
const bare = (host: string): string => host.replace(/^\[|\]$|\.$/g, '')

/** Whether an address is another, however that is written, or between two, or in a block of them. */
function isWithin(address: string, block: string): boolean {
  const [, first = '', sign, last = ''] = /^([^-/]*)(?:([-/])(.+))?$/.exec(block) ?? []
  const version = isIP(address)
  if (version === 0 || isIP(first) !== version) return false
  const family = version === 6 ? 'ipv6' : 'ipv4'
  const known = new BlockList()
  try {
    if (sign === '-') known.addRange(first, last, family)
    else if (sign === '/') known.addSubnet(first, Number(last), family)
    else known.addAddress(first, family)
  } catch {
    // A range that ends before it begins, a block of 99 bits.
    return false
  }
  return known.check(address, family)
}
