/** From how far away an address can be dialled. */
export type Reach = 'loopback' | 'private' | 'public'

/**
 * From how far away a multiaddr can be dialled, judged by its first part alone: `/ip4/127.0.0.1/tcp/4001` is `loopback`,
 * `/ip4/192.168.1.7/tcp/4001` `private` (RFC 1918, 4193, 3927, 6598), names are `public` unless they say otherwise.
 */
export function reachOf(address: string): Reach {
  const [, protocol = '', host = ''] = address.split('/')
  if (protocol === 'ip4') return reachOfIp4(host)
  if (protocol === 'ip6') return reachOfIp6(host.toLowerCase())
  if (host === 'localhost' || host.endsWith('.localhost')) return 'loopback'
  return /\.(local|lan|internal|home\.arpa)$/.test(host) ? 'private' : 'public'
}

/** What to say when an invitation leads nowhere for partners elsewhere; null when at least one address is public. */
export function reachWarning(addresses: readonly string[]): string | null {
  const reaches = new Set(addresses.map(reachOf))
  if (reaches.has('public')) return null
  const remedy =
    'Start the node with --listen /ip4/0.0.0.0/tcp/4001 and, behind a router, --announce ADDRESS; then invite again.'
  if (addresses.length === 0) return `This invitation carries no address: nobody can join with it. ${remedy}`
  const kind = reaches.has('private') ? 'loopback or private addresses' : 'loopback addresses'
  const where = reaches.has('private') ? 'in the same local network' : 'on this machine'
  return `This invitation carries only ${kind} (${addresses.join(', ')}): it works ${where} alone. ${remedy}`
}

function reachOfIp4(host: string): Reach {
  const [a = 0, b = 0] = host.split('.').map(Number)
  if (a === 127 || a === 0) return 'loopback'
  const isPrivate =
    a === 10 ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b <= 127)
  return isPrivate ? 'private' : 'public'
}

function reachOfIp6(host: string): Reach {
  if (host === '::1' || host === '::') return 'loopback'
  const mapped = /^::ffff:([0-9.]+)$/.exec(host)?.[1]
  if (mapped !== undefined) return reachOfIp4(mapped)
  return /^(f[cd]|fe[89ab])/.test(host) ? 'private' : 'public'
}
