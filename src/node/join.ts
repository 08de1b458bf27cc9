import type { Token } from './invitation.js'
import type { Logger } from './log.js'
import type { JoinAnswer } from './network/join-messages.js'

export interface RequestJoinOptions {
  readonly token: Token
  /** The joiner's own private key: 32 bytes. */
  readonly seed: Uint8Array
  /** Where the joiner will be reached. */
  readonly addresses: readonly string[]
  readonly log: Logger
  readonly signal?: AbortSignal
  /** For each partner asked. @default 20000 */
  readonly timeoutMs?: number
}

export declare function requestJoin(options: RequestJoinOptions): Promise<JoinAnswer>

export interface PrepareHomeOptions {
  readonly home: string
  readonly token: Token
  /** The token as it was given, saved as HOME/invitation.json. */
  readonly answer: JoinAnswer & { readonly type: 'admitted' | 'pending' }
}
