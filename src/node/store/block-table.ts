import { damaged } from './disk-errors.js'
import { blockKey, locationKey, treeKey } from './layout.js'
import type { LevelBatch, LevelDatabase } from './level-database.js'
import type { BatchLocation, BatchRef, BlockCommit, StoredBlock } from './store-types.js'

/** A block's hash, header and certificate: what others need to trust it. */
export interface StoredHeader {
  readonly hash: string
  readonly header: string
  readonly certificate: string
}

/** Puts the block itself, the places of its batches and its nodes of the history tree into the batch. */
export function writeBlock(batch: LevelBatch, block: BlockCommit): void {
  const { height } = block
  batch.putText(blockKey(height, 'header'), `${block.hash}\n${block.header}`)
  batch.putText(blockKey(height, 'certificate'), block.certificate)
  batch.putText(blockKey(height, 'batches'), JSON.stringify(block.batches.map(plainRef)))
  batch.putText(blockKey(height, 'refusals'), block.refusals)
  for (const [position, { author, sequence, hash }] of block.batches.entries()) {
    batch.putText(locationKey(author, sequence), `${height} ${position} ${hash}`)
  }
  for (const { level, index, hash } of block.treeNodes) batch.putText(treeKey(level, index), hash)
}

/** Undefined when there is no such height; every part that is there must be whole. */
export function readHeader(database: LevelDatabase, height: number): StoredHeader | undefined {
  const text = database.getText(blockKey(height, 'header'))
  if (text === undefined) return undefined
  const end = text.indexOf('\n')
  const certificate = requireText(database, blockKey(height, 'certificate'), `block ${height} certificate`)
  return { hash: text.slice(0, end), header: text.slice(end + 1), certificate }
}

export function readBlock(database: LevelDatabase, height: number): StoredBlock | undefined {
  const header = readHeader(database, height)
  if (header === undefined) return undefined
  const batches = requireText(database, blockKey(height, 'batches'), `block ${height} batches`)
  const refusals = requireText(database, blockKey(height, 'refusals'), `block ${height} refusals`)
  return { height, ...header, batches: JSON.parse(batches) as BatchRef[], refusals }
}

export function readLocation(database: LevelDatabase, author: string, sequence: number): BatchLocation | undefined {
  const text = database.getText(locationKey(author, sequence))
  if (text === undefined) return undefined
  const [height, position, hash] = text.split(' ')
  return { height: Number(height), position: Number(position), hash: hash ?? '' }
}

export function readTreeNode(database: LevelDatabase, level: number, index: number): string {
  return requireText(database, treeKey(level, index), `history tree node ${level}/${index}`)
}

function requireText(database: LevelDatabase, key: string, name: string): string {
  const text = database.getText(key)
  if (text === undefined) throw damaged(name, 'it is missing')
  return text
}

/** Only what belongs here, in one order. */
function plainRef({ author, incarnation, sequence, hash, count }: BatchRef): BatchRef {
  return { author, incarnation, sequence, hash, count }
}
