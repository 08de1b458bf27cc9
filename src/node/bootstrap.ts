import { readFile } from 'node:fs/promises'
import { readToken } from './invitation.js'
import type { PeerAddress } from './network/join-messages.js'

/**
 * Whom to ask first, from the invitation that this node joined by; nobody for a founder.
 * @param path of the invitation
 */
export async function bootstrapOf(path: string): Promise<readonly PeerAddress[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const token = readToken(text.trim())
  return token.ok ? token.value.bootstrap : []
}
