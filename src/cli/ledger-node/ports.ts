import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { LedgerError } from '../../base/errors.js'
import { replaceFileDurably } from '../../node/store/durable-file.js'
import { type HostPort, hostPortText, parseHostPort } from '../host-port.js'

/** The ports that were chosen for addresses with port 0, so that partners and scripts find them again. */
export interface Ports {
  /** The multiaddr with a port in it. */
  listen(address: string): Promise<string>
  http(address: HostPort): Promise<HostPort>
  /** Whether any port is one that an earlier start chose. */
  readonly remembered: () => boolean
  /** Remembers what was chosen; call it once everything listens. */
  save(): Promise<void>
}

const FILE = 'ports.json'

/** What was asked for, and what it became. */
type Choices = Readonly<Record<string, string>>

/** @throws LedgerError CONFIG when HOME/ports.json is not what was written there */
export async function openPorts(home: string): Promise<Ports> {
  const path = join(home, FILE)
  const before = await readChoices(path)
  const chosen: Record<string, string> = {}
  let remembered = false
  const choose = async (asked: string, make: () => Promise<string>): Promise<string> => {
    const known = Object.hasOwn(before, asked) ? before[asked] : undefined
    if (known !== undefined) remembered = true
    const again = Object.hasOwn(chosen, asked) ? chosen[asked] : undefined
    const resolved = again ?? known ?? (await make())
    chosen[asked] = resolved
    return resolved
  }
  return {
    async listen(address) {
      const [, family, host = '', end = ''] = /^\/(ip4|ip6|dns4|dns6|dns)\/([^/]+)\/tcp\/0(\/.*)?$/.exec(address) ?? []
      if (family === undefined) return address
      return choose(address, async () => `/${family}/${host}/tcp/${await freePort(host)}${end}`)
    },
    async http(address) {
      if (address.port !== 0) return address
      const make = async () => hostPortText({ host: address.host, port: await freePort(address.host) })
      return parseHostPort(await choose(hostPortText(address), make)) ?? address
    },
    remembered: () => remembered,
    async save() {
      const all = { ...before, ...chosen }
      if (JSON.stringify(all) === JSON.stringify(before)) return
      await replaceFileDurably(path, `${JSON.stringify(all, null, 2)}\n`, 0o600)
    }
  }
}

async function readChoices(path: string): Promise<Choices> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (isObject && Object.values(value).every((one) => typeof one === 'string')) return value as Choices
    throw new Error('not what was written there')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    const remedy = 'delete it: then new ports are chosen'
    throw new LedgerError('CONFIG', `cannot read ${path}: ${error instanceof Error ? error.message : error}`, {
      remedy
    })
  }
}

/** A port that is free now. @throws LedgerError ADDRESS_IN_USE when the host is not of this machine */
function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error) => {
      reject(new LedgerError('ADDRESS_IN_USE', `${host} is not an address to listen on: ${error.message}`, {}, error))
    })
    server.listen({ host, port: 0 }, () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
