import { existsSync } from 'node:fs'
import { publicKeyOf, signer } from '../base/crypto.js'
import { LedgerError } from '../base/errors.js'
import { keyText } from '../base/keys.js'
import { type ReadGenesis, readGenesis } from '../ledger/genesis.js'
import { compileModel } from '../ledger/model.js'
import { joinBytes } from '../ledger/system-judge.js'
import { settleHome, withEmptyHome } from './empty-home.js'
import { homePaths } from './home.js'
import { seedOf, type Token, tokenText } from './invitation.js'
import type { Logger } from './log.js'
import type { Host } from './network/host.js'
import { askAtAddresses, startJoinHost } from './network/join-client.js'
import type { JoinAnswer, JoinRequest } from './network/join-messages.js'
import { storedKeyOf } from './own-key.js'

export interface RequestJoinOptions {
  readonly token: Token
  /** The joiner's own private key: 32 bytes. */
  readonly seed: Uint8Array
  /** Where the joiner will be reached. */
  readonly addresses: readonly string[]
  readonly log: Logger
  readonly signal?: AbortSignal
  /** For each partner that is asked. @default 30000 */
  readonly timeoutMs?: number
  /** The joiner's own, which stays open. @default one that only dials, for this call */
  readonly host?: Host
}

/** A joiner waits for the block with its admission, which a partner gives 20 seconds. */
const TIMEOUT_MS = 30_000

/** What a joiner sends: the invitation, signed by its own key and by that of the invitation. */
export function joinRequestOf(
  { genesis, epoch, invitation, signature, secret }: Token,
  seed: Uint8Array,
  addresses: readonly string[]
): JoinRequest {
  const key = keyText(publicKeyOf(seed))
  const bytes = joinBytes({ genesis, epoch }, { invitation: invitation.key, key, addresses })
  return {
    invitation,
    invitationSignature: signature,
    key,
    keySignature: signer(seed)(bytes),
    redeemSignature: signer(seedOf(secret))(bytes),
    addresses: [...addresses]
  }
}

/**
 * Asks the partners that the token names, one after another, to be let in. May be asked again with the same key: who was
 * admitted is told so. Must not run beside a node with this key.
 * @returns the first answer of a partner; one of them being busy is none
 * @throws LedgerError of {@link askAtAddresses}; ask again later when {@link isRetryable}
 */
export async function requestJoin(options: RequestJoinOptions): Promise<JoinAnswer> {
  const { token, seed, addresses, log, signal, timeoutMs = TIMEOUT_MS } = options
  const { bootstrap, genesis } = token
  const stop = signal === undefined ? {} : { signal }
  const host = options.host ?? (await startJoinHost({ seed, bootstrap, listen: [], announce: [], log, ...stop }))
  try {
    const request = joinRequestOf(token, seed, addresses)
    return await askAtAddresses(host, { genesis, bootstrap, request, log, timeoutMs, ...stop })
  } finally {
    if (options.host === undefined) await host.close()
  }
}

export interface PrepareHomeOptions {
  readonly home: string
  readonly token: Token
  /** Of a partner; a refusal is thrown as NOT_PERMITTED. */
  readonly answer: JoinAnswer
}

/**
 * Makes an empty home that of the partner which the token invites: checks the genesis that came, that this software
 * knows its engine and compiles its model, and keeps the token as HOME/invitation.json, one line, with the addresses
 * that came.
 * @throws LedgerError NOT_PERMITTED when the answer is a refusal or the genesis is not the token's, NETWORK_FILE when its
 * model does not compile here, ALREADY_FOUNDED, HOME_LOCKED, KEY_FILE, DISK_FULL
 */
export async function prepareHome({ home, token, answer }: PrepareHomeOptions): Promise<void> {
  if (answer.type === 'refused') throw new LedgerError('NOT_PERMITTED', answer.message, { code: answer.code })
  if (answer.type === 'waiting') throw new LedgerError('NOT_PERMITTED', 'the partners still vote on the admission')
  const genesis = genesisOf(answer.genesis, token)
  await withEmptyHome(home, async () => {
    const { publicKey } = await storedKeyOf(home)
    const mayHaveSigned = existsSync(homePaths(home).restoredKey)
    const owner = { partner: token.invitation.partner, key: publicKey, mayHaveSigned, genesis }
    const bootstrap = answer.bootstrap.length > 0 ? answer.bootstrap : token.bootstrap
    const content = `${tokenText({ ...token, bootstrap })}\n`
    await settleHome(home, owner, { path: homePaths(home).invitation, content })
  })
}

function genesisOf(text: string, token: Token): ReadGenesis {
  const read = readGenesis(text)
  if (!read.ok) {
    const code = read.refusal.code === 'VERSION_UNKNOWN' ? 'VERSION_UNKNOWN' : 'NOT_PERMITTED'
    throw new LedgerError(code, `the network cannot be joined: ${read.refusal.message}`, {}, read.refusal)
  }
  const { genesis, hash } = read.value
  if (hash !== token.genesis) {
    throw new LedgerError('NOT_PERMITTED', 'the invitation is of another network than the partner that answered', {
      hash
    })
  }
  compileModel(genesis.network, genesis.limits)
  return read.value
}
