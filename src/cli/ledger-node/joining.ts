import { LedgerError } from '../../base/errors.js'
import type { Token } from '../../node/invitation.js'
import type { HomeContent } from '../../node/read-home.js'

/**
 * Holds the token of a start against what the home has joined: the same line again simply starts, used or not.
 * @throws LedgerError NOT_PERMITTED when it is not whole, or invites to another network or as another partner
 */
export async function assertSameInvitation(home: string, content: HomeContent, text: string): Promise<void> {
  const { genesis, invitation } = await readInvitation(text)
  if (genesis === content.genesis.hash && invitation.partner === content.partner) return
  const what = genesis === content.genesis.hash ? `partner: ${content.partner}` : 'network'
  const remedy = 'leave --invite out to start what is there, or choose another --home'
  throw new LedgerError('NOT_PERMITTED', `${home} already belongs to another ${what}`, { home, remedy })
}

/**
 * Reads the token as it stands on the line.
 * @throws LedgerError NOT_PERMITTED when it is not whole
 */
export async function readInvitation(text: string): Promise<Token> {
  const { readToken } = await import('../../node/invitation.js')
  const token = readToken(text)
  if (token.ok) return token.value
  const remedy = 'copy the whole line that ledger invite printed, or ask for a new invitation'
  throw new LedgerError('NOT_PERMITTED', `this is not a whole invitation: ${token.refusal.message}`, { remedy })
}
