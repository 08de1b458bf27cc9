import type { ApiClient } from '../../api/client.js'
import { LedgerError } from '../../base/errors.js'
import type { Json, JsonObject } from '../../base/json.js'
import { type Attachment, asAttachment } from '../../ledger/attachment.js'
import { plain } from '../text.js'

/** Files of one record that are looked up. */
const FILES_MAX = 100

/** A file of a record, and whether it is here. */
export interface ShownAttachment extends Attachment {
  readonly held: boolean
  readonly removed: boolean
}

/** What looks like an attachment in the data of a record, and is known to the node as one. */
export async function attachmentsOf(client: ApiClient, data: JsonObject): Promise<ShownAttachment[]> {
  const shown: ShownAttachment[] = []
  for (const attachment of [...candidates(data)].slice(0, FILES_MAX)) {
    const view = await client.aboutAttachment(attachment.hash).catch((error: unknown) => {
      if (error instanceof LedgerError && error.code === 'NOT_FOUND') return null
      throw error
    })
    if (view !== null) shown.push({ ...attachment, held: view.held, removed: view.removed })
  }
  return shown
}

/** The name that a record gives a file; null when it has no such file. */
export function attachmentName(data: JsonObject, hash: string): string | null {
  for (const attachment of candidates(data)) if (attachment.hash === hash) return attachment.name
  return null
}

function* candidates(json: Json): Generator<Attachment> {
  if (json === null || typeof json !== 'object') return
  if (Array.isArray(json)) {
    for (const item of json) yield* candidates(item)
    return
  }
  const attachment = asAttachment(json)
  if (attachment !== null) yield attachment
  else for (const value of Object.values(json)) yield* candidates(value)
}

/** Lines for people. */
export function attachmentsText(attachments: readonly ShownAttachment[]): string {
  if (attachments.length === 0) return ''
  const lines = attachments.map(({ name, bytes, hash, held, removed }) => {
    const where = held ? 'held here' : removed ? 'removed here' : `not here: ledger attachment ${hash} -o FILE`
    return `    ${plain(name)}, ${bytes.toLocaleString('en-US')} bytes, ${where}\n    ${hash}\n`
  })
  return `  attachments\n${lines.join('')}`
}
