import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { LedgerError } from '../../base/errors.js'
import { ATTACHMENT_BYTES_MAX, type Attachment, attachmentNameProblem, isMediaType } from '../../ledger/attachment.js'
import { usage } from '../failure.js'

/** Bytes read from a file at once. */
const PIECE_BYTES = 256 * 1024

const TYPES: Readonly<Record<string, string>> = {
  '.pdf': 'application/pdf',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.txt': 'text/plain',
  '.csv': 'text/csv',
  '.json': 'application/json'
}

const TYPE_DEFAULT = 'application/octet-stream'

/** A file as a record will name it. */
export interface LocalFile {
  readonly value: Attachment
  /** Its content, read anew each time. */
  chunks(): AsyncGenerator<Uint8Array>
}

/**
 * Reads a file once to work out what a record says of it.
 * @param more media type and name, where they do not follow from the file's own name
 * @throws LedgerError USAGE when it cannot be read or has no name that a record can have, TOO_LARGE
 */
export async function readLocalFile(
  path: string,
  more: { readonly type?: string | undefined; readonly name?: string | undefined } = {}
): Promise<LocalFile> {
  const name = more.name ?? basename(path)
  const problem = attachmentNameProblem(name)
  if (problem !== null) throw usage(`the name of ${path} ${problem}`, 'give another one with --name')
  const type = more.type ?? TYPES[extname(name).toLowerCase()] ?? TYPE_DEFAULT
  const digest = createHash('sha256')
  let bytes = 0
  for await (const chunk of piecesOf(path)) {
    bytes += chunk.length
    if (bytes > ATTACHMENT_BYTES_MAX) {
      throw new LedgerError('TOO_LARGE', `${path} has more than ${ATTACHMENT_BYTES_MAX} bytes`)
    }
    digest.update(chunk)
  }
  return { value: { bytes, hash: digest.digest('hex'), name, type }, chunks: () => piecesOf(path) }
}

/** Reads the argument of an option that is a media type. @throws LedgerError USAGE */
export function parseMediaType(text: string): string {
  if (isMediaType(text)) return text
  throw usage(`'${text}' is no media type`, 'write it in lower case, such as application/pdf')
}

async function* piecesOf(path: string): AsyncGenerator<Uint8Array> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    if ((await file.stat()).isDirectory()) throw new Error('it is a directory')
    for (;;) {
      // A new buffer each time: the one before may still wait to be sent.
      const buffer = Buffer.allocUnsafe(PIECE_BYTES)
      const { bytesRead } = await file.read(buffer, 0, PIECE_BYTES, null)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw usage(`cannot read ${path}: ${reason}`, 'check the name and the permissions of the file')
  } finally {
    await file?.close()
  }
}
