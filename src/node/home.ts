import { join } from 'node:path'

/** Where everything lies in a home. */
export interface HomePaths {
  readonly home: string
  readonly key: string
  /** A key that takes the place of the other one once the chain names it. */
  readonly nextKey: string
  /** There while a key was restored and the home belongs to no network yet: what the key has signed is not known. */
  readonly restoredKey: string
  readonly genesis: string
  readonly partner: string
  readonly store: string
  readonly log: string
  readonly guard: string
  readonly refusals: string
  readonly socket: string
  readonly config: string
  readonly invitation: string
  /** The invitations that this node made. */
  readonly invitations: string
  readonly peers: string
  /** Folder of the files that belong to records. */
  readonly attachments: string
  /** Folder of what the chain says of them; made anew when it is missing. */
  readonly attachmentIndex: string
  /** Folder of recoveries. */
  readonly recovery: string
}

export function homePaths(home: string): HomePaths {
  return {
    home,
    key: join(home, 'key'),
    nextKey: join(home, 'key.next'),
    restoredKey: join(home, 'key.restored'),
    genesis: join(home, 'genesis.json'),
    partner: join(home, 'partner.json'),
    store: join(home, 'store'),
    log: join(home, 'log'),
    guard: join(home, 'sign-guard'),
    refusals: join(home, 'refusals.ndjson'),
    socket: join(home, 'control.sock'),
    config: join(home, 'config.yaml'),
    invitation: join(home, 'invitation.json'),
    invitations: join(home, 'invitations.json'),
    peers: join(home, 'peers.json'),
    attachments: join(home, 'attachments'),
    attachmentIndex: join(home, 'attachment-index'),
    recovery: join(home, 'recovery')
  }
}
