/** An address of TCP; port 0 asks for a free one. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

/** Reads `HOST:PORT`, with an IPv6 address in brackets; null when it is none. */
export function parseHostPort(text: string): HostPort | null {
  const [, v6, name, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(text) ?? []
  const host = v6 ?? name
  const port = Number(digits)
  return host === undefined || port > 65_535 ? null : { host, port }
}

export function hostPortText({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
