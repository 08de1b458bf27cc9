import { LedgerError } from '../../base/errors.js'

/** A line of libp2p's message about listening: two spaces, the address, and the first line of what went wrong there. */
const FAILED_ADDRESS = /^ {2}(\/\S+): (.*)$/gm

/**
 * Makes one clear error of what libp2p throws when it cannot listen: it only offers a text about all its addresses.
 * @returns LedgerError ADDRESS_IN_USE when one is taken, CONFIG for any other reason; anything else as it came
 */
export function listenError(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'UnsupportedListenAddressesError') return error
  const failures = Array.from(error.message.matchAll(FAILED_ADDRESS), ([, address = '', reason = '']) => ({
    address,
    reason
  }))
  const taken = failures.find(({ reason }) => reason.includes('EADDRINUSE'))
  if (taken !== undefined) {
    const message = `${taken.address} is taken by another program: stop it, or listen elsewhere with --listen`
    return new LedgerError('ADDRESS_IN_USE', message, { address: taken.address }, error)
  }
  const { address, reason } = failures[0] ?? { address: 'an address', reason: error.message }
  return new LedgerError('CONFIG', `cannot listen on ${address}: ${remedy(reason)}`, { address }, error)
}

function remedy(reason: string): string {
  if (reason.includes('EACCES')) return 'not permitted; choose a port above 1023'
  if (reason.includes('EADDRNOTAVAIL')) return 'it is not an address of this machine'
  if (reason.includes('UnsupportedListenAddressError')) return 'only TCP is supported, as in /ip4/0.0.0.0/tcp/4001'
  return reason
}
