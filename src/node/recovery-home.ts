import { join } from 'node:path'
import { signer } from '../base/crypto.js'
import { LedgerError } from '../base/errors.js'
import { compileModel } from '../ledger/model.js'
import {
  composeRecovery,
  type Recovery,
  recoveryBytes,
  recoveryHash,
  recoveryProblem,
  recoveryProblemAt,
  wrongSignature
} from '../ledger/recovery.js'
import { type Chain, openChain } from './chain.js'
import { type HomePaths, homePaths } from './home.js'
import { readHome } from './read-home.js'
import { keepRecovery, keepSigned, type RecoveryFiles, readRecoveryFiles } from './recovery-files.js'
import { assertGuardAllows, assertLogAllows, assertSigner, groundOf } from './recovery-sign.js'
import { hasComeToNothing, hasGoneOn } from './recovery-standing.js'
import { openSetHistory } from './set-history.js'
import { lockHome } from './store/home-lock.js'
import { readKeyFile } from './store/key-file.js'
import { putAside } from './store/put-aside.js'
import { openGuard } from './store/sign-guard.js'
import { openStore } from './store/store.js'
import { openWriteAheadLog } from './store/write-ahead-log.js'

/** A home whose node does not run, open for as long as one command about recoveries takes. */
export interface StoppedHome {
  readonly self: string
  readonly chain: Chain
  readonly paths: HomePaths
  readonly files: RecoveryFiles
}

/**
 * Runs `work` on the home of a node that is not running.
 * @throws LedgerError NOT_FOUNDED, HOME_LOCKED when the node runs, STORE_DAMAGED
 */
export async function withStoppedHome<T>(home: string, work: (home: StoppedHome) => Promise<T>): Promise<T> {
  const content = await readHome(home)
  if (content === null) throw new LedgerError('NOT_FOUNDED', `${home} holds no network yet`, { home })
  const paths = homePaths(home)
  const lock = await lockHome(home)
  try {
    const { genesis, hash } = content.genesis
    const files = await readRecoveryFiles(paths.recovery)
    const store = await openStore({ path: paths.store, genesis: hash })
    try {
      const model = compileModel(genesis.network, genesis.limits)
      const scope = { genesis: hash, epoch: 0 }
      const chain = openChain({ scope, genesis, model, store, recoveries: files.known })
      return await work({ self: content.partner, chain, paths, files })
    } finally {
      await store.close()
    }
  } finally {
    await lock.release()
  }
}

/**
 * The document that suspends these partners behind the last block of this copy.
 * @throws LedgerError NOT_PERMITTED, NOT_FOUND
 */
export function proposeRecovery({ chain }: StoppedHome, lost: readonly string[]): Recovery {
  const composed = composeRecovery(groundOf(chain), lost)
  if (!composed.ok) throw new LedgerError(composed.refusal.code, composed.refusal.message)
  return { document: composed.value, signatures: [] }
}

/**
 * Signs a document, after which this home signs nothing of the epoch that it ends. The mark is durable before anything is
 * signed.
 * @param hash as the operators have agreed on it
 * @throws LedgerError NOT_PERMITTED with what speaks against it, SIGN_REFUSED when another one was signed here
 */
export async function signRecovery(home: StoppedHome, recovery: Recovery, hash: string): Promise<Recovery> {
  const { chain, self, paths, files } = home
  const { document } = recovery
  const partner = assertSigner(chain, self, document, hash)
  const key = await readKeyFile(paths.key)
  if (key.publicKey !== partner.key) throw new LedgerError('KEY_FILE', `the key of this home is not the one of ${self}`)
  await assertLogsAllow(home, key.publicKey)
  const former = files.signed.find(({ epoch }) => epoch === document.epoch)
  if (former !== undefined && recoveryHash(former) !== hash && hasComeToNothing(chain, former)) {
    await putAside(join(paths.recovery, `signed-${former.epoch}.json`))
  }
  await keepSigned(paths.recovery, document)
  const signature = { signature: signer(key.seed)(recoveryBytes(document)), signer: self }
  return mergeRecoveries([recovery, { document, signatures: [signature] }])
}

/** Opens guard and log of the home, and closes them. */
async function assertLogsAllow({ chain, paths, self }: StoppedHome, key: string): Promise<void> {
  const { genesis } = chain.scope
  const guard = await openGuard(paths.guard, { genesis, key })
  await guard.close()
  assertGuardAllows(chain, self, guard)
  const { log, entries } = await openWriteAheadLog({ path: paths.log, genesis }, chain.tip.height + 1)
  await log.close()
  assertLogAllows(chain, self, entries)
}

/**
 * One recovery with the signatures of all.
 * @throws LedgerError USAGE when they are not the same document
 */
export function mergeRecoveries(recoveries: readonly Recovery[]): Recovery {
  const [first] = recoveries
  if (first === undefined) throw new LedgerError('USAGE', 'there is nothing to merge')
  const hash = recoveryHash(first.document)
  const signatures = new Map<string, string>()
  for (const { document, signatures: more } of recoveries) {
    const other = recoveryHash(document)
    if (other !== hash) throw new LedgerError('USAGE', `these are two recoveries, ${hash} and ${other}`)
    for (const { signer: id, signature } of more) signatures.set(id, signature)
  }
  const sorted = [...signatures].sort(([a], [b]) => (a < b ? -1 : 1))
  return { document: first.document, signatures: sorted.map(([id, signature]) => ({ signature, signer: id })) }
}

/**
 * Keeps a complete recovery in this home, durable when the promise resolves: the next start goes on in its epoch.
 * @throws LedgerError VERIFICATION_FAILED, or NOT_PERMITTED when it is no recovery for this copy
 */
export async function applyRecovery(home: StoppedHome, recovery: Recovery): Promise<void> {
  const { chain, paths } = home
  const { document } = recovery
  const here = [...chain.passed(), ...home.files.known].find((known) => known.document.epoch === document.epoch)
  if (here !== undefined && recoveryHash(here.document) === recoveryHash(document)) return
  const problem = await problemHere(home, recovery)
  if (problem !== null) throw new LedgerError('VERIFICATION_FAILED', `this recovery does not hold here: ${problem}`)
  await keepRecovery(paths.recovery, recovery)
}

async function problemHere({ chain }: StoppedHome, recovery: Recovery): Promise<string | null> {
  const { document, signatures } = recovery
  const ground = groundOf(chain)
  if (document.height === ground.height) return recoveryProblemAt(ground, recovery)
  if (document.height < ground.height) {
    if (chain.store.header(document.height)?.hash !== document.head)
      return `block ${document.height} is another one here`
    if (hasGoneOn(chain, document)) {
      return `this copy has block ${document.height + 2} of the epoch that it ends; ledger-node start --resync fetches the others' copy`
    }
    const sets = await openSetHistory(chain)
    return recoveryProblem(chain.scope, sets.at(document.height + 1), recovery)
  }
  // The blocks up to it are not here: what can be checked is, and the rest once they are.
  if (document.genesis !== chain.scope.genesis) return 'it is for another network'
  if (document.epoch !== chain.scope.epoch + 1)
    return `it begins epoch ${document.epoch}, and ${chain.scope.epoch + 1} is next`
  if (signatures.length !== document.signers.length) return 'it lacks signatures'
  return wrongSignature(ground.latest.partners, document, signatures)
}
