import type { AttachmentSource } from './attachment-fetch.js'
import { type AttachmentRows, createAttachmentRows } from './attachment-rows.js'
import { ATTACHMENT_SETTINGS_DEFAULT, type AttachmentSettings } from './attachment-types.js'
import { createAttachments, type RunningAttachments } from './attachments.js'
import type { Chain } from './chain.js'
import type { HomePaths } from './home.js'
import type { Logger } from './log.js'
import type { ModelHistory } from './model-history.js'
import type { RecordReader } from './record-reader.js'
import { openAttachmentFiles } from './store/attachment-files.js'
import { type AttachmentIndex, openAttachmentIndex } from './store/attachment-index.js'

/** Blocks that are read in one go when the index is behind the chain. */
const BLOCKS_TOGETHER = 64

export interface OpenAttachmentsDependencies {
  readonly paths: Pick<HomePaths, 'attachments' | 'attachmentIndex'>
  readonly chain: Chain
  readonly models: ModelHistory
  readonly reader: RecordReader
  readonly source: AttachmentSource
  readonly log: Logger
}

export interface OpenAttachmentsOptions {
  /** @default ATTACHMENT_SETTINGS_DEFAULT */
  readonly attachments?: AttachmentSettings
  readonly signal?: AbortSignal
}

/** Opens the files of a home, and brings what is known of them up to the chain. @throws LedgerError DISK_FULL */
export async function openAttachments(
  dependencies: OpenAttachmentsDependencies,
  { attachments: settings = ATTACHMENT_SETTINGS_DEFAULT, signal }: OpenAttachmentsOptions
): Promise<RunningAttachments> {
  const { paths, chain, models, reader, source, log } = dependencies
  const files = await openAttachmentFiles({ path: paths.attachments, bytesMax: settings.bytesMax })
  const index = await openAttachmentIndex({
    path: paths.attachmentIndex,
    genesis: chain.scope.genesis,
    hashAt: (height) => chain.store.block(height)?.hash,
    log
  })
  const rows = createAttachmentRows(chain, models, reader)
  try {
    await catchUp(index, rows, { chain, log, areWanted: settings.keep === 'all', signal })
  } catch (error) {
    await index.close()
    throw error
  }
  return createAttachments({ files, index, rows, source, settings, log })
}

interface CatchUp {
  readonly chain: Chain
  readonly log: Logger
  readonly areWanted: boolean
  readonly signal: AbortSignal | undefined
}

async function catchUp(index: AttachmentIndex, rows: AttachmentRows, options: CatchUp): Promise<void> {
  const { chain, log, areWanted, signal } = options
  const { height: to } = chain.tip
  const from = index.height + 1
  if (to - from > BLOCKS_TOGETHER) log.info('reading which attachments the records have', { from, to })
  for (let height = from; height <= to; height++) {
    const found = rows.stored(height)
    const isTogether = height % BLOCKS_TOGETHER === 0
    // A block without files is not even read.
    if (found.length > 0 || isTogether || height === to) {
      index.add({ height, hash: chain.store.block(height)?.hash ?? '' }, found, areWanted)
    }
    if (!isTogether) continue
    await new Promise((resolve) => setImmediate(resolve))
    signal?.throwIfAborted()
  }
}
