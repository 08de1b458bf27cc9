import { setTimeout as pause } from 'node:timers/promises'
import { assertSocketPath } from '../../api/socket.js'
import { LedgerError } from '../../base/errors.js'
import { homePaths } from '../../node/home.js'
import type { Token } from '../../node/invitation.js'
import type { Logger } from '../../node/log.js'
import type { JoinAnswer } from '../../node/network/join-messages.js'
import type { HomeContent } from '../../node/read-home.js'
import { writeInitialConfig } from '../config.js'

/** Pauses between two rounds of asking when nobody answers. */
const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 30_000

export interface JoinOptions {
  readonly home: string
  /** The token as it stands on the line. */
  readonly token: string
  /** Multiaddrs where this node will be reached. */
  readonly addresses: readonly string[]
  readonly log: Logger
  readonly signal: AbortSignal
}

/** A partner that was asked and took the invitation. */
type Welcome = JoinAnswer & { readonly type: 'admitted' | 'pending' }

/**
 * Makes an empty home one of the network that the token invites to: key, genesis, and who this node is. Asks again for as
 * long as nobody answers, because a partner that is off now will be on again.
 * @throws LedgerError NOT_PERMITTED when the invitation is used, expired, revoked, of another network or not whole; CLOSED
 */
export async function join({ home, token: text, addresses, log, signal }: JoinOptions): Promise<void> {
  const paths = homePaths(home)
  assertSocketPath(paths.socket)
  const token = await readInvitation(text)
  const { ownKeyOf } = await import('../../node/own-key.js')
  const { seed } = await ownKeyOf(home)
  const answer = await ask({ token, seed, addresses: addresses.filter(isDialable), log, signal })
  const { prepareHome } = await import('../../node/join.js')
  await prepareHome({ home, token, answer })
  await writeInitialConfig(paths.config)
  log.info('joined', { network: token.title, partner: token.invitation.partner, admission: answer.type })
}

/**
 * Holds the token of a start against what the home has joined: the same line again simply starts, used or not.
 * @throws LedgerError ALREADY_FOUNDED when it invites to another network or as another partner; NOT_PERMITTED
 */
export async function assertSameInvitation(home: string, content: HomeContent, text: string): Promise<void> {
  const { genesis, invitation } = await readInvitation(text)
  if (genesis === content.genesis.hash && invitation.partner === content.partner) return
  const what = genesis === content.genesis.hash ? `partner: ${content.partner}` : 'network'
  const remedy = 'leave --invite out to start what is there, or choose another --home'
  throw new LedgerError('ALREADY_FOUNDED', `${home} already belongs to another ${what}`, { home, remedy })
}

async function readInvitation(text: string): Promise<Token> {
  const { readToken } = await import('../../node/invitation.js')
  const token = readToken(text)
  if (token.ok) return token.value
  const remedy = 'copy the whole line that ledger invite printed, or ask for a new invitation'
  throw new LedgerError('NOT_PERMITTED', `this is not a whole invitation: ${token.refusal.message}`, { remedy })
}

interface AskOptions {
  readonly token: Token
  readonly seed: Uint8Array
  readonly addresses: readonly string[]
  readonly log: Logger
  readonly signal: AbortSignal
}

async function ask(options: AskOptions): Promise<Welcome> {
  const { requestJoin } = await import('../../node/join.js')
  const { token, log, signal } = options
  for (let wait = RETRY_MS_MIN; ; wait = Math.min(2 * wait, RETRY_MS_MAX)) {
    signal.throwIfAborted()
    const answer = await requestJoin(options).catch((error: unknown) => {
      if (error instanceof LedgerError && isPassing(error.code)) return error
      throw error
    })
    if (!(answer instanceof LedgerError) && answer.type !== 'refused') return answer
    if (!isPassing(answer.code)) throw refused(answer.message)
    const asked = token.bootstrap.flatMap(({ addresses }) => addresses)
    log.warn('no partner has taken the invitation yet; asking again', { asked, why: answer.message, inMs: wait })
    await pause(wait, undefined, { signal }).catch(() => {})
  }
}

function isPassing(code: string): boolean {
  return code === 'NODE_UNREACHABLE' || code === 'BUSY' || code === 'CLOSED' || code === 'NO_QUORUM'
}

function refused(message: string): LedgerError {
  return new LedgerError('NOT_PERMITTED', message, { remedy: 'ask the partner who invited you for a new invitation' })
}

/** Whether others can dial it: an address of all interfaces names none of them. The node tells more once it listens. */
function isDialable(address: string): boolean {
  return !/^\/(ip4\/0\.0\.0\.0|ip6\/::)\//.test(address)
}
