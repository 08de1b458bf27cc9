import { createHash } from 'node:crypto'
import { LedgerError } from '../../src/base/errors.js'
import type { Attachments, AttachmentView } from '../../src/node/attachment-types.js'

/** Files in memory: what was put in is held, and nothing comes from anybody else. */
export function fakeAttachments(): Attachments {
  const files = new Map<string, Buffer>()
  const view = (hash: string, { length }: Buffer): AttachmentView => {
    return { hash, held: true, bytes: length, removed: false, record: null, author: null }
  }
  const of = (hash: string): Buffer => {
    const file = files.get(hash)
    if (file === undefined) throw new LedgerError('NOT_FOUND', `nobody has ${hash}`, { hash, asked: [] })
    return file
  }
  return {
    async put(chunks, { signal }) {
      const found: Uint8Array[] = []
      for await (const chunk of chunks) {
        signal?.throwIfAborted()
        found.push(chunk)
      }
      const file = Buffer.concat(found)
      const hash = createHash('sha256').update(file).digest('hex')
      files.set(hash, file)
      return { hash, bytes: file.length }
    },
    async read(hash) {
      const file = of(hash)
      return {
        bytes: file.length,
        async *chunks() {
          for (let at = 0; at < file.length; at += 65536) yield file.subarray(at, at + 65536)
        },
        close: async () => {}
      }
    },
    about: (hash) => view(hash, of(hash)),
    async list({ limit = 50, after = '' }) {
      const hashes = [...files.keys()].filter((hash) => hash > after).sort()
      return hashes.slice(0, limit).map((hash) => ({ ...view(hash, of(hash)), cursor: hash }))
    },
    async remove(hash) {
      of(hash)
      files.delete(hash)
    }
  }
}
