import type { CallFrame } from './cpu-profile.js'

/** Parts of a node's work, in the order in which they are shown. */
export const PARTS = {
  execution: { title: 'judging records: rules, references, state', colour: '#8fb8de' },
  reading: { title: 'reading and checking batches', colour: '#9ed2a6' },
  hashing: { title: 'hashes and signatures', colour: '#cdb2ea' },
  storage: { title: 'LevelDB and files', colour: '#dcc190' },
  network: { title: 'network', colour: '#f0a58a' },
  consensus: { title: 'consensus, votes, batches on their way', colour: '#84cfc9' },
  intake: { title: 'records of its own: pipe and answers', colour: '#e9dc72' },
  garbage: { title: 'garbage collection', colour: '#dd8fae' },
  rest: { title: 'event loop and rest', colour: '#bdbdbd' }
} as const

export type Part = keyof typeof PARTS

/**
 * What belongs to a part, by the beginning of its place (see {@link placeOf}); the longest beginning counts. What has
 * null, or stands nowhere here, works for its caller.
 */
export const PLACES: Readonly<Record<string, Part | null>> = {
  'base/canonical': 'reading',
  'base/json': 'reading',
  'base/strict-json': 'reading',
  'base/tagged': 'reading',
  'base/utf8': 'reading',
  'base/crypto': 'hashing',
  'base/ed25519': 'hashing',
  'base/keys': 'hashing',
  'base/merkle': 'hashing',
  'ledger/': 'execution',
  'ledger/batch': 'reading',
  'ledger/block': 'reading',
  'ledger/json-shape': 'reading',
  'ledger/schema': 'reading',
  'ledger/certificate': 'consensus',
  'ledger/proposer-order': 'consensus',
  'ledger/quorum': 'consensus',
  'ledger/vote': 'consensus',
  'consensus/': 'consensus',
  'node/': 'consensus',
  'node/network/': 'network',
  'node/store/': 'storage',
  // The state as it stands in memory.
  'node/store/state-cache': 'execution',
  'node/scratch-state': 'execution',
  'node/draft': 'intake',
  'node/intake': 'intake',
  'node/line-splitter': 'intake',
  'node/outcome-queue': 'intake',
  'node/own-batches': 'intake',
  'node/pending-': 'intake',
  'api/': 'intake',
  // Libraries: those of libp2p are too many to name.
  'npm:': 'network',
  'npm:@noble/': null,
  'npm:lru-cache': null,
  'npm:multiformats': null,
  'npm:@marcbachmann/cel-js': 'execution',
  'npm:re2js': 'execution',
  'npm:ajv': 'reading',
  'npm:abstract-level': 'storage',
  'npm:classic-level': 'storage',
  'npm:level': 'storage',
  'npm:fastify': 'intake',
  'npm:find-my-way': 'intake',
  'node:fs': 'storage',
  'node:internal/fs/': 'storage',
  'node:net': 'network',
  'node:internal/stream_base_commons': 'network',
  'node:_http': 'intake',
  '(garbage collector)': 'garbage'
}

/**
 * Where a function stands: `ledger/judge` for own code, `npm:NAME` for a library, `node:fs` for Node itself, and the
 * function's name for native code.
 */
export function placeOf({ url, functionName }: CallFrame): string {
  if (url === '') return functionName
  const library = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
  if (library !== undefined) return `npm:${library}`
  return /.*\/dist\/(.+)\.js$/.exec(url)?.[1] ?? url
}

/** The part that a place has by itself; null: that of its caller. */
export function partOf(place: string): Part | null {
  let longest = ''
  for (const beginning of Object.keys(PLACES)) {
    if (place.startsWith(beginning) && beginning.length > longest.length) longest = beginning
  }
  return PLACES[longest] ?? null
}
