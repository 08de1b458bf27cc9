import { VERSION_NUMBER_MAX } from './network-version.js'
import type { PartnerSet } from './partner-set.js'
import type { StateReader } from './state.js'
import { addressKey } from './system-keys.js'

const MARK = /^\/ledger-version\/([1-9]\d{0,5})$/

/**
 * What a partner of a network of version 1 adds to its addresses to say that its operator wants this version, or any below
 * it. Software that knows no versions takes it for an address that it cannot dial.
 */
export function versionMark(version: number): string {
  return `/ledger-version/${version}`
}

/** The version that a list of addresses agrees to; 1 when it says nothing. Of several marks the first one counts. */
export function markedVersion(addresses: readonly string[]): number {
  for (const address of addresses) {
    const version = MARK.exec(address)?.[1]
    if (version !== undefined) return Number(version)
  }
  return 1
}

/** The addresses of a list that are some: without marks. */
export function withoutMarks(addresses: readonly string[]): string[] {
  return addresses.filter((address) => !MARK.test(address))
}

/** The version that a partner of a network of version 1 agrees to, as its addresses in the state say; 1 when it does not. */
export function agreedBy(state: StateReader, partner: string): number {
  const text = state.get(addressKey(partner))?.text
  // Asked for after every block of such a network, and mostly there is no mark.
  if (text === undefined || !text.includes('"/ledger-version/')) return 1
  return markedVersion(JSON.parse(text) as string[])
}

/** The version that all active partners agree to in a network of version 1; 1 while one of them says nothing. */
export function agreedByAll(state: StateReader, { partners }: PartnerSet): number {
  let agreed = VERSION_NUMBER_MAX
  for (const { id, state: standing } of partners) {
    if (standing !== 'active') continue
    agreed = Math.min(agreed, agreedBy(state, id))
    if (agreed === 1) return 1
  }
  return agreed
}
