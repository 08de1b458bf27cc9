import type { BenchOptions, BenchResult } from './benchmark.js'
import { measureEtcd } from './beside/etcd.js'
import { measureLedger } from './beside/ledger.js'
import { findEtcd, findOrInstall, findPostgres } from './beside/packages.js'
import { measurePostgres } from './beside/postgres.js'
import type { Figure } from './figure.js'
import { VEHICLES } from './input-files.js'
import { maintenanceLines, WORKS_OF_300_BYTES } from './records.js'
import { withTemporaryFolder } from './temporary-folder.js'

/** What a user might take instead, on the same machine: all of their nodes share its cores as ours do. */
export async function run({ records = 20_000, runs = 3, install = false }: BenchOptions): Promise<BenchResult> {
  const lines = [...maintenanceLines(records, VEHICLES, { works: WORKS_OF_300_BYTES })]
  const ours = await measureLedger(records, runs)
  const figures: Figure[] = [...ours.figures]
  const skipped: string[] = []
  const etcd = await findOrInstall('etcd-server', findEtcd, install)
  if ('missing' in etcd) skipped.push(etcd.missing)
  else {
    figures.push(
      ...(await withTemporaryFolder('ledger-beside-', (folder) => measureEtcd(etcd.path, folder, lines, runs)))
    )
  }
  const postgres = await findOrInstall('postgresql-15', findPostgres, install)
  if ('missing' in postgres) skipped.push(postgres.missing)
  else {
    figures.push(
      ...(await withTemporaryFolder('ledger-beside-', (folder) => measurePostgres(postgres.path, folder, lines, runs)))
    )
  }
  return {
    figures,
    verified: ours.verified,
    conditions:
      'ledger: 4 partners, fsync and rules on; etcd: 3 nodes, as they come (fsync on), clients in one process through the HTTP gateway of the leader; ' +
      'PostgreSQL: a server and a synchronous standby, fsync and synchronous_commit on, pgbench; ' +
      `300-byte records, ${records} in batches; neither of the two has rules or signatures of partners`,
    ...(skipped.length === 0 ? {} : { skipped: skipped.join('; ') })
  }
}
