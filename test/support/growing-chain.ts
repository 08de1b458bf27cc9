import { recordId } from '../../src/base/ids.js'
import type { Json, JsonObject } from '../../src/base/json.js'
import { encodeRecord } from '../../src/ledger/record.js'
import { ballotOf, type Said } from './governance-chain.js'
import { modelProposal } from './model-proposals.js'
import { genesisOf, smallChain } from './small-chain.js'

/** Readings of meters, and notes about them, as the network is founded. */
const FIRST = `
format: 1
title: Meters
roles:
  inspector: { append: [reading, note], govern: true }
objects:
  reading:
    key: [meter]
    fields:
      type: object
      additionalProperties: false
      required: [meter, kilometres]
      properties:
        meter: { type: string, maxLength: 20 }
        kilometres: { type: integer, minimum: 0 }
        colour: { type: string, maxLength: 20 }
    rules:
      - { id: rises, expr: previous == null || record.kilometres >= previous.kilometres, message: "{previous.kilometres}" }
  note:
    key: []
    fields:
      type: object
      additionalProperties: false
      required: [of, at]
      properties:
        of: { type: string, maxLength: 20 }
        at: { type: integer }
    references:
      of: { object: reading, key: [of], required: true }
    rules:
      - { id: not-before, expr: record.at >= refs.of.kilometres, message: "{refs.of.kilometres}" }
`
/** An optional field more, and a rule that is stricter. */
const SECOND = FIRST.replace('>= previous.kilometres', '> previous.kilometres').replace(
  '        colour:',
  '        station: { type: string, maxLength: 20 }\n        colour:'
)
/** A field by another name. */
const THIRD = SECOND.replaceAll('kilometres', 'odometer').replace(
  'key: [meter]\n',
  'key: [meter]\n    aliases: { kilometres: odometer }\n'
)
/** A field less. */
const FOURTH = THIRD.replace(/ {8}colour: .*\n/, '').replace('    aliases:', '    removed: [colour]\n    aliases:')

const OK = 'accepted'

/** What the same records are under each file, see {@link recordsOf}. */
const EXPECTED: readonly (readonly string[])[] = [
  [OK, 'SCHEMA', OK, 'SCHEMA', 'SCHEMA', OK, 'SCHEMA', 'RULE_BROKEN', OK],
  [OK, 'SCHEMA', 'RULE_BROKEN', 'SCHEMA', OK, OK, 'SCHEMA', 'RULE_BROKEN', OK],
  ['SCHEMA', OK, 'SCHEMA', 'RULE_BROKEN', 'SCHEMA', 'SCHEMA', OK, 'RULE_BROKEN', OK],
  ['SCHEMA', OK, 'SCHEMA', 'RULE_BROKEN', 'SCHEMA', 'SCHEMA', 'SCHEMA', 'RULE_BROKEN', OK]
]

/** In each block the same, higher than in the block before. */
function recordsOf(height: number): Said[] {
  const [at, meter] = [10 * height, 'a']
  const readings: JsonObject[] = [
    { kilometres: at, meter },
    { meter, odometer: at },
    { kilometres: at, meter },
    { meter, odometer: at },
    { kilometres: at + 1, meter, station: 'x' },
    { colour: 'red', kilometres: at, meter: 'b' },
    { colour: 'red', meter: 'b', odometer: at }
  ]
  return [
    ...readings.map((data): Said => ({ object: 'reading', data })),
    ...[at - 1, at + 1].map((when): Said => ({ object: 'note', data: { at: when, of: meter } }))
  ]
}

/** Height whose block decides on a file, by the file; it is in force two blocks later. */
const DECIDED = new Map([
  [3, SECOND],
  [6, THIRD],
  [9, FOURTH]
])
const IN_FORCE = [5, 8, 11]
const HEIGHTS = 13

/** A chain that grows through four files, with records before, at and after each height at which one comes into force. */
export function growingChain() {
  const chain = smallChain(['p1', 'p2'], FIRST)
  const verdicts: string[][] = []
  for (let height = 1; height <= HEIGHTS; height++) {
    const records = recordsOf(height)
    const file = DECIDED.get(height)
    const proposal = recordId('p1', height - 1, records.length)
    if (file !== undefined) records.push(modelProposal(genesisOf([], file).genesis.network))
    const ballots = file === undefined ? [] : [['p2', [encodeRecord(ballotOf(proposal, true))]] as const]
    const { executed } = chain.commit([['p1', records.map(encodeRecord)], ...ballots])
    const [own = []] = executed.execution.verdicts
    verdicts.push(own.slice(0, EXPECTED[0]!.length).map((verdict) => verdict?.code ?? OK))
  }
  return {
    chain,
    /** Of the records of each block, and what they should be by the file that is in force there. */
    verdicts,
    expected: verdicts.map((_, at) => EXPECTED[IN_FORCE.filter((from) => from <= at + 1).length]!),
    /** The last file, as JSON. */
    last: genesisOf([], FOURTH).genesis.network as unknown as Json
  }
}
