import { readFile, rename } from 'node:fs/promises'
import { LedgerError } from '../base/errors.js'
import { isPartnerId } from '../base/ids.js'
import type { Json } from '../base/json.js'
import { keyFromText } from '../base/keys.js'
import { readJson } from '../base/strict-json.js'
import { asArray, asInteger, asObject, asString, asText, membersOf, ShapeError } from '../ledger/json-shape.js'
import type { Logger } from './log.js'
import { replaceFileDurably } from './store/durable-file.js'

/** An invitation that this node made: what its token says, without the secret. */
export interface MadeInvitation {
  /** Key text of the invitation. */
  readonly key: string
  /** Key text of the partner that signed it: with another key of it, it is void. */
  readonly signer: string
  /** In which it was signed: in a later one it is void. */
  readonly epoch: number
  readonly partner: string
  readonly role: string
  readonly name: string
  /** Milliseconds since 1970. */
  readonly made: number
  readonly expires: number
}

/** Most invitations remembered: of those that are over the oldest make room. */
export const INVITATIONS_MAX = 1000

export interface MadeInvitationsOptions {
  /** HOME/invitations.json */
  readonly path: string
  readonly log: Logger
}

/**
 * Keeps the invitations of this node in a file of its own, oldest first. They are no secret: nobody can join with them.
 * A file that cannot be read is put aside, since only a list is lost with it.
 */
export async function openMadeInvitations({ path, log }: MadeInvitationsOptions) {
  let made = await readMade(path, log)
  let writing: Promise<unknown> = Promise.resolve()

  async function write(next: readonly MadeInvitation[]): Promise<void> {
    const text = JSON.stringify(next.map((invitation) => ({ ...invitation })))
    await replaceFileDurably(path, `${text}\n`, 0o600)
    made = next
  }

  return {
    all: (): readonly MadeInvitation[] => made,
    /**
     * Remembers one more; it is on the disk when the promise resolves.
     * @param isOver whether nobody can use an invitation any more
     * @throws LedgerError LIMIT_EXCEEDED when too many can still be used
     */
    add(invitation: MadeInvitation, isOver: (invitation: MadeInvitation) => boolean): Promise<void> {
      const turn = writing.then(async () => {
        let rest = made
        if (rest.length >= INVITATIONS_MAX) {
          const oldest = rest.findIndex(isOver)
          if (oldest < 0) {
            throw new LedgerError('LIMIT_EXCEEDED', `${INVITATIONS_MAX} invitations can still be used: revoke some`)
          }
          rest = rest.filter((_, index) => index !== oldest)
        }
        await write([...rest, invitation])
      })
      writing = turn.catch(() => {})
      return turn
    },
    /** Resolves when nothing is being written any more. */
    settled: async (): Promise<void> => void (await writing)
  }
}

export type MadeInvitations = Awaited<ReturnType<typeof openMadeInvitations>>

async function readMade(path: string, log: Logger): Promise<readonly MadeInvitation[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return []
  const json = readJson(text)
  try {
    if (!json.ok) throw new ShapeError('', json.refusal.message)
    return asArray(json.value, '', INVITATIONS_MAX).map((item, index) => shapeOfMade(item, `/${index}`))
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    const aside = `${path}.damaged`
    await rename(path, aside)
    log.warn('the list of the invitations of this node cannot be read and is put aside', { aside, why: error.message })
    return []
  }
}

function shapeOfMade(json: Json, path: `/${number}`): MadeInvitation {
  const names = ['epoch', 'expires', 'key', 'made', 'name', 'partner', 'role', 'signer']
  // Lists of before there were recoveries tell no epoch.
  const whole = { epoch: 0, ...asObject(json, path) }
  const { epoch, expires, key, made, name, partner, role, signer } = membersOf(whole, path, names)
  const isKey = (text: string): boolean => keyFromText(text) !== null
  return {
    key: asText(key, `${path}/key`, isKey, 'a key'),
    signer: asText(signer, `${path}/signer`, isKey, 'a key'),
    epoch: asInteger(epoch, `${path}/epoch`, 0, Number.MAX_SAFE_INTEGER),
    partner: asText(partner, `${path}/partner`, isPartnerId, 'a partner id'),
    role: asString(role, `${path}/role`, 64),
    name: asString(name, `${path}/name`, 200),
    made: asInteger(made, `${path}/made`, 0, Number.MAX_SAFE_INTEGER),
    expires: asInteger(expires, `${path}/expires`, 0, Number.MAX_SAFE_INTEGER)
  }
}
