import { type PlantedBug, seeds, test } from './planted-bug.js'

/** Mistakes about records that are in the order of a date, or amended. */
export const KEPT_BUGS: readonly PlantedBug[] = [
  {
    name: 'neighbours-by-arrival',
    what: 'records of an object with an order follow one another as they came',
    edits: [
      {
        file: 'src/ledger/sort-text.ts',
        find: "  if (typeof value !== 'string') return ''\n",
        replace: "  if (typeof value === 'string') return ''\n  if (typeof value !== 'string') return ''\n"
      }
    ],
    checks: [seeds(10)]
  },
  {
    name: 'late-entry-unheld',
    what: 'a record that comes late is not held against what stands after it',
    edits: [
      {
        file: 'src/ledger/judge-kept.ts',
        find: "checkBeside(look, { key, order }, 'previous', next) ??",
        replace: "checkBeside(look, { key, order }, 'previous', null) ??"
      }
    ],
    checks: [seeds(10)]
  },
  {
    name: 'amended-record-stands-on',
    what: 'what was amended keeps its place in the order: rules see it beside its amendment',
    edits: [
      {
        file: 'src/ledger/record-standing.ts',
        find: 'finish(run, object, key, withoutEntry(run, name, root, sortOf(record, object)))',
        replace: 'finish(run, object, key, name === "" ? withoutEntry(run, name, root, sortOf(record, object)) : root)'
      }
    ],
    checks: [seeds(20), test('unit/ledger/amended-records')]
  },
  {
    name: 'anybody-amends',
    what: 'whoever likes amends the records of others',
    edits: [
      {
        file: 'src/ledger/amend-right.ts',
        find: "if (object.keeping?.amend?.by !== 'own' || owner === author.id) return null",
        replace: "if (object.keeping?.amend?.by !== 'own' || owner !== '') return null"
      }
    ],
    checks: [test('unit/ledger/amended-records')]
  },
  {
    name: 'amended-twice',
    what: 'a record that was amended is amended once more',
    edits: [
      {
        file: 'src/ledger/judge-kept.ts',
        find: 'if (by !== null) return missing(',
        replace: 'if (by === id) return missing('
      },
      {
        file: 'src/ledger/standing-record.ts',
        find: 'return entry.text.startsWith(AMENDED) ? null : decode(entry)',
        replace:
          'return entry.text.startsWith(AMENDED) ? standingRecord(state, object, entry.text.slice(1), key) : decode(entry)'
      }
    ],
    checks: [seeds(30), test('unit/ledger/amended-records')]
  },
  {
    name: 'approved-without-judging',
    what: 'an amendment that is approved stands whatever the rules say by then',
    edits: [
      {
        file: 'src/ledger/amendment-judge.ts',
        find: 'if (refusal !== null) return { refusal }',
        replace: "if (refusal?.code === 'MALFORMED') return { refusal }"
      }
    ],
    checks: [test('unit/ledger/amended-records')]
  },
  {
    name: 'pages-forgotten',
    what: 'of an order that fills more than a page the half that moved is not written',
    edits: [
      {
        file: 'src/ledger/key-index.ts',
        find: 'writePage(tree, number, { entries: left, level: level - 1 })',
        replace: 'if (level > 9) writePage(tree, number, { entries: left, level: level - 1 })'
      }
    ],
    checks: [test('unit/ledger/key-index')]
  }
]
