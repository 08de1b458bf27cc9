import { canonicalText } from '../base/canonical.js'
import { sha256Hex } from '../base/crypto.js'
import { LedgerError } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'

const VERSION = 1

/** JSON for people to look at, with its kind, version, and a checksum (SHA-256 of the canonical rest) against damage. */
export function documentText(type: string, content: JsonObject): string {
  const all = { type, version: VERSION, ...content }
  return `${JSON.stringify({ ...all, checksum: sha256Hex(canonicalText(all)) }, null, 2)}\n`
}

/**
 * The content of a text that {@link documentText} wrote.
 * @param path named in errors
 * @throws LedgerError BACKUP; what the text says never stands in a message
 */
export function readDocument(text: string, type: string, path: string): Readonly<Record<string, unknown>> {
  const fail = (why: string): LedgerError => new LedgerError('BACKUP', `${path} ${why}`, { path })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw fail('is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fail(`is no ${type}`)
  const { checksum, ...content } = value as Record<string, unknown>
  if (content.type !== type) throw fail(`is no ${type}`)
  if (typeof content.version === 'number' && content.version > VERSION) {
    throw fail(`has version ${content.version}, written by a newer ledger-node; upgrade this one`)
  }
  if (content.version !== VERSION || checksumOf(content) !== checksum)
    throw fail('is damaged: its checksum does not hold')
  return content
}

function checksumOf(content: unknown): string | null {
  try {
    return sha256Hex(canonicalText(content as Json))
  } catch {
    return null
  }
}
