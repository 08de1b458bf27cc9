/**
 * The limits of this software. A limit that a network may lower stands in its genesis (`limits`); the one here is then
 * the default or the ceiling. Every queue, tree and text has one, so that no input can make a node work without end.
 */

const KIB = 1024
const MIB = 1024 * KIB

/** Levels of arrays and objects in any JSON: deep enough for real documents, safe for every recursive walk. */
export const DEPTH_MAX = 32

/** Bytes of a record, default of `limits.recordBytesMax`: a document with attachments referenced, not enclosed. */
export const RECORD_BYTES_MAX = 128 * KIB

/** Bytes of a batch body, default of `limits.batchBytesMax`: about 7 ms to move and check, so votes never wait long. */
export const BATCH_BYTES_MAX = 512 * KIB

/** Records of a batch, default of `limits.batchRecordsMax`: where the cost of the signature no longer shows. */
export const BATCH_RECORDS_MAX = 1000

/** Bytes of all batch bodies of a block, default of `limits.blockBytesMax`: keeps a block in one synced write. */
export const BLOCK_BYTES_MAX = 2 * MIB

/** Partners of a network: bounds certificates, connections and key caches. */
export const PARTNERS_MAX = 256

/** Characters (UTF-16 code units) of a partner id, as in the pattern `[a-z][a-z0-9-]{0,31}`. */
export const PARTNER_ID_CHARS_MAX = 32

/** Characters (UTF-16 code units) of a record's `unique` text. */
export const UNIQUE_CHARS_MAX = 256

/** Characters (UTF-16 code units) of a record's key, written as a canonical JSON array: it is a key of the store too. */
export const KEY_CHARS_MAX = 1024

/** Leaves of the tree of a batch, a block's batches or its verdicts: bounds a path to 20 hashes. */
export const LEAVES_MAX = 2 ** 20

/** Leaves of the tree over all block hashes: 2^40 blocks, one a second for 34,000 years; bounds a path to 40 hashes. */
export const LOG_LEAVES_MAX = 2 ** 40

/** Imported public keys kept ready, per process: several times the partners of a network. */
export const KEYS_CACHED_MAX = 4 * PARTNERS_MAX
