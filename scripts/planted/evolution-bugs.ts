import { type PlantedBug, test } from './planted-bug.js'

/** Mistakes about records that are older than the network file. */
export const EVOLUTION_BUGS: readonly PlantedBug[] = [
  {
    name: 'former-names-unread',
    what: 'rules see the record before as it was written, and not under the names of today',
    edits: [
      {
        file: 'src/ledger/judge.ts',
        find: 'newestData(state, object.name, key, object.present)',
        replace: 'newestData(state, object.name, key, (data) => data)'
      }
    ],
    checks: [test('unit/ledger/former-names'), test('unit/ledger/model-evolution')]
  },
  {
    name: 'read-once-for-all-files',
    what: 'what an older record is by one network file is kept when another one is in force',
    edits: [
      {
        file: 'src/ledger/record-state.ts',
        find: 'if (record.presented?.by === present) return record.presented.data',
        replace: 'if (record.presented !== undefined) return record.presented.data'
      }
    ],
    checks: [test('unit/ledger/former-names')]
  },
  {
    name: 'removed-name-comes-back',
    what: 'a field that was removed can be one again, of another type',
    edits: [
      {
        file: 'src/ledger/stored-data.ts',
        find: 'if (!after.removed.has(field)) return',
        replace: 'if (!after.removed.has(field) && !after.schema.properties.has(field)) return'
      }
    ],
    checks: [test('unit/ledger/stored-data')]
  },
  {
    name: 'alias-for-another-field',
    what: 'what older records call a field can be led to another one later',
    edits: [
      {
        file: 'src/ledger/stored-data.ts',
        find: 'if (now !== undefined && now === nameNow(after, field)) continue',
        replace: 'if (now !== undefined) continue'
      }
    ],
    checks: [test('unit/ledger/stored-data')]
  },
  {
    name: 'order-lost-by-its-name',
    what: 'the order of records begins anew when the date that orders them gets another name',
    edits: [
      {
        file: 'src/ledger/key-order.ts',
        find: '(object.aliases.get(root.order) ?? root.order) === order',
        replace: 'root.order === order'
      }
    ],
    checks: [test('unit/ledger/kept-former-names')]
  }
]
