import type { ApiClient } from '../../api/client.js'
import { LedgerError } from '../../base/errors.js'
import type { LocalFile } from './attachment-file.js'

/** Puts a file in at the node. @throws LedgerError as the node does; VERIFICATION_FAILED when the file changed meanwhile */
export async function putFile(client: ApiClient, { value, chunks }: LocalFile): Promise<void> {
  const { hash } = await client.putAttachment(chunks())
  if (hash === value.hash) return
  throw new LedgerError('VERIFICATION_FAILED', `${value.name} changed while it was read: the node has ${hash}`, {
    remedy: 'run the command again once nobody writes to the file'
  })
}
