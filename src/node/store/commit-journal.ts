import { type CompactFile, type CompactFileOptions, createCompactFile, openCompactFile } from './compact-file.js'
import { damaged } from './disk-errors.js'
import type { ChainHead } from './store-types.js'

/**
 * Which blocks were committed, in a file apart from the database: LevelDB may lose its newest writes without a word when
 * its log is damaged (consensus.md, 12), and then ends up at a lower height than this file. It may be behind the
 * database after a crash, never ahead of it.
 */
export interface CommitJournal {
  /** The newest block it knows. */
  readonly last: ChainHead | null
  /** To be called once the block is durable in the database. */
  record(head: ChainHead): void
  sync(): Promise<void>
  close(): Promise<void>
}

/** Creates the journal of a store that holds no block. */
export async function createJournal(path: string, genesis: string): Promise<CommitJournal> {
  const memory: JournalMemory = { last: null }
  return journal(await createCompactFile(fileOptions(path, genesis, memory)), memory)
}

/**
 * @throws LedgerError STORE_DAMAGED when its heights do not rise, LOG_DAMAGED; Error with code ENOENT
 */
export async function openJournal(path: string, genesis: string): Promise<CommitJournal> {
  const memory: JournalMemory = { last: null }
  const file = await openCompactFile(fileOptions(path, genesis, memory), (text) => {
    const [height, hash] = text.split(' ')
    const head = { height: Number(height), hash: hash ?? '' }
    if (memory.last !== null && head.height <= memory.last.height) {
      throw damaged(path, `block ${head.height} follows block ${memory.last.height}`)
    }
    memory.last = head
  })
  return journal(file, memory)
}

interface JournalMemory {
  last: ChainHead | null
}

function fileOptions(path: string, genesis: string, memory: JournalMemory): CompactFileOptions {
  return {
    path,
    head: JSON.stringify({ format: 1, genesis, kind: 'commit journal' }),
    survivors: () => (memory.last === null ? [] : [line(memory.last)])
  }
}

function journal(file: CompactFile, memory: JournalMemory): CommitJournal {
  return {
    get last() {
      return memory.last
    },
    record({ height, hash }) {
      memory.last = { height, hash }
      file.append(line(memory.last))
    },
    sync: () => file.sync(),
    close: () => file.close()
  }
}

function line({ height, hash }: ChainHead): string {
  return `${height} ${hash}`
}
