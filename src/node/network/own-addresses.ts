import { ADDRESS_CHARS_MAX, ADDRESSES_MAX } from '../../ledger/system-record.js'

const LOOPBACK = /^\/(?:ip4\/127\.|ip6\/::1\/)/

/**
 * Those addresses of a node that its partners are told: as many and as long as a record takes. Of too many the first ones,
 * those of the loopback last: nobody elsewhere reaches them.
 */
export function tellableAddresses(all: readonly string[]): string[] {
  const fitting = all.filter(({ length }) => length <= ADDRESS_CHARS_MAX)
  if (fitting.length <= ADDRESSES_MAX) return fitting
  const isNear = (address: string): boolean => LOOPBACK.test(address)
  return [...fitting.filter((address) => !isNear(address)), ...fitting.filter(isNear)].slice(0, ADDRESSES_MAX)
}
