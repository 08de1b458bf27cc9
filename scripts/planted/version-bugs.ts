import { type PlantedBug, seeds, test } from './planted-bug.js'
import { VERSIONS } from './seed-sets.js'

/** Mistakes about the version of the network. */
export const VERSION_BUGS: readonly PlantedBug[] = [
  {
    name: 'unknown-version-signs',
    what: 'a node goes on signing under a version that its software does not know',
    edits: [
      {
        file: 'src/node/known-version.ts',
        find: 'return rulebook.version <= versionMax',
        replace: 'return rulebook.version <= versionMax || versionMax > 0'
      }
    ],
    checks: [seeds(10, VERSIONS)]
  },
  {
    name: 'version-gate-missing',
    what: 'records that are younger than the version in force are judged all the same',
    edits: [
      {
        file: 'src/ledger/execution.ts',
        find: 'const record = recordInVersion(rulebook.version, ',
        replace: 'const record = recordInVersion(rulebook.version + 1, '
      }
    ],
    checks: [seeds(10, VERSIONS), test('unit/ledger/version-one')]
  },
  {
    name: 'version-at-once',
    what: 'a version is in force with the next block',
    edits: [
      {
        file: 'src/ledger/execution.ts',
        find: 'const entry = versionsEntry({ now: nextVersion, next: run.latestVersion })',
        replace: 'const entry = versionsEntry({ now: run.latestVersion, next: run.latestVersion })'
      }
    ],
    checks: [seeds(10, VERSIONS)]
  },
  {
    name: 'version-by-some',
    what: 'version 2 is decided although an active partner has not agreed',
    edits: [
      {
        file: 'src/ledger/version-agreement.ts',
        find: 'agreed = Math.min(agreed, agreedBy(state, id))',
        replace: 'agreed = agreed === VERSION_NUMBER_MAX ? agreedBy(state, id) : agreed'
      }
    ],
    checks: [seeds(10, VERSIONS)]
  }
]
