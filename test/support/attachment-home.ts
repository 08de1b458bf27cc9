import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LedgerError } from '../../src/base/errors.js'
import type { AttachmentSource } from '../../src/node/attachment-fetch.js'
import type { AttachmentRows, FoundRow } from '../../src/node/attachment-rows.js'
import type { AttachmentSettings, ReadableAttachment } from '../../src/node/attachment-types.js'
import { createAttachments } from '../../src/node/attachments.js'
import type { CommittedBlock } from '../../src/node/chain.js'
import { silentLogger } from '../../src/node/log.js'
import { openAttachmentFiles } from '../../src/node/store/attachment-files.js'
import { openAttachmentIndex } from '../../src/node/store/attachment-index.js'

/** What a partner of a test does when it is asked for a file: sends a text, or fails. */
export type PartnerForTest = (hash: string) => string | LedgerError | Promise<string | LedgerError>

export function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

export async function* piecesOf(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

export async function contentOf(file: ReadableAttachment): Promise<string> {
  const found: Uint8Array[] = []
  try {
    for await (const chunk of file.chunks()) found.push(chunk)
  } finally {
    await file.close()
  }
  return Buffer.concat(found).toString()
}

/** The code of the error that a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return error instanceof LedgerError ? error.code : String(error)
  }
  return 'done'
}

/**
 * The attachments of a node whose chain is a test's.
 * @param peers the way to its partners. @default those of the test
 */
export async function attachmentHome(settings: Partial<AttachmentSettings> = {}, peers?: AttachmentSource) {
  const home = await mkdtemp(join(tmpdir(), 'ledger-attachments-'))
  const folder = join(home, 'attachments')
  const partners = new Map<string, PartnerForTest>()
  const asked: string[] = []
  const blamed: string[] = []
  const whole: AttachmentSettings = { keep: 'own', bytesMax: 1_000_000, ...settings }
  let rows: readonly FoundRow[] = []
  let height = 0

  async function open() {
    const files = await openAttachmentFiles({ path: folder, bytesMax: whole.bytesMax })
    const index = await openAttachmentIndex({
      path: join(home, 'index'),
      genesis: 'g',
      hashAt: (at) => `block ${at}`,
      log: silentLogger
    })
    const attachments = createAttachments({
      files,
      index,
      rows: { committed: () => [...rows], stored: () => [] } satisfies AttachmentRows,
      settings: whole,
      log: silentLogger,
      againMs: 20,
      source: peers ?? {
        connected: () => [...partners.keys()],
        blame: (partner) => void blamed.push(partner),
        async fetchAttachment(partner, { hash, bytesMax }, take) {
          asked.push(partner)
          const answer = await partners.get(partner)?.(hash)
          if (typeof answer !== 'string') throw answer ?? new LedgerError('NODE_UNREACHABLE', 'gone')
          const bytes = Buffer.byteLength(answer)
          if (bytes > bytesMax) throw new LedgerError('TOO_LARGE', 'more than a record says')
          return await take({ bytes, chunks: piecesOf(answer) })
        }
      }
    })
    attachments.start()
    return { files, index, attachments }
  }

  const opened = await open()
  return {
    folder,
    partners,
    asked,
    blamed,
    open,
    ...opened,
    /** A block with one record of this author for each of these files. */
    commit(author: string, ...contents: readonly string[]): void {
      height += 1
      rows = contents.map((text, index) => {
        return [hashOf(text), { record: `${author}/${height}/${index}`, author, bytes: Buffer.byteLength(text) }]
      })
      const block = { header: { height }, hash: `block ${height}` } as CommittedBlock
      opened.attachments.committed(block)
    },
    async close(): Promise<void> {
      await opened.attachments.close()
      await rm(home, { recursive: true, force: true })
    }
  }
}

export type AttachmentHome = Awaited<ReturnType<typeof attachmentHome>>
