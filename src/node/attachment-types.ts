/**
 * Which files of attachments a node keeps. `own`: what was put in here, and what somebody here asked for. `all`: also those
 * of every record that is accepted from then on, fetched in the background. `none`: only what was put in here; what is
 * asked for is fetched, passed on and not kept.
 */
export const ATTACHMENTS_KEPT = ['own', 'all', 'none'] as const

export type AttachmentsKept = (typeof ATTACHMENTS_KEPT)[number]

export interface AttachmentSettings {
  readonly keep: AttachmentsKept
  /** Of all files together. */
  readonly bytesMax: number
}

export const ATTACHMENT_SETTINGS_DEFAULT: AttachmentSettings = { keep: 'own', bytesMax: 10_000_000_000 }

/** What a node knows of one file. */
export interface AttachmentView {
  readonly hash: string
  readonly held: boolean
  /** Size of the file that is held; else the largest that a record says; null when nothing is known. */
  readonly bytes: number | null
  /** Whether somebody removed it here. */
  readonly removed: boolean
  /** The first accepted record that has it; null when there is none. */
  readonly record: string | null
  /** Of that record. */
  readonly author: string | null
}

export type ListedAttachment = AttachmentView & { readonly cursor: string }

/** A file to be read once. */
export interface ReadableAttachment {
  readonly bytes: number
  /** Ends with an error before the last piece when what is read is not what its hash says. */
  chunks(): AsyncIterable<Uint8Array>
  /** To be called in the end, in any case. */
  close(): Promise<void>
}

/** The files that belong to records. */
export interface Attachments {
  /**
   * Takes a file in; durable when the promise resolves.
   * @throws LedgerError TOO_LARGE, LIMIT_EXCEEDED when there is no room, BUSY, DISK_FULL
   */
  put(
    chunks: AsyncIterable<Uint8Array>,
    options: { readonly signal?: AbortSignal }
  ): Promise<{ readonly hash: string; readonly bytes: number }>
  /**
   * Opens a file, fetched from the partners when it is not here.
   * @param options.again fetch it also when it was removed here
   * @throws LedgerError NOT_FOUND with who was asked, STORE_DAMAGED when the one here is and nobody has another one, BUSY,
   * LIMIT_EXCEEDED, DISK_FULL
   */
  read(hash: string, options: { readonly again?: boolean; readonly signal?: AbortSignal }): Promise<ReadableAttachment>
  /** @throws LedgerError NOT_FOUND when no record has it and it was never here */
  about(hash: string): AttachmentView
  /** Those held, by their hashes; go on with the cursor of the last. */
  list(page: { readonly limit?: number; readonly after?: string }): Promise<readonly ListedAttachment[]>
  /**
   * Deletes a file here, and remembers that it is not wanted. The record stays, and so do files at other partners.
   * @throws LedgerError NOT_FOUND, DISK_FULL
   */
  remove(hash: string): Promise<void>
}
