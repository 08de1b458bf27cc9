import { createProgram, type Program } from '../command.js'
import type { Io } from '../context.js'
import { readVersion } from '../version.js'
import { backupCommand } from './backup.js'
import { initCommand } from './init.js'
import { keyCommand } from './key.js'
import { recoveryCommand } from './recovery.js'
import { restoreCommand } from './restore.js'
import { startCommand } from './start.js'

const HELP = `
Examples:
  ledger-node init --network inspections.yaml --partner north --role garage
  ledger-node start
  ledger-node start --network inspections.yaml --partner north --role garage --http 127.0.0.1:8080
  ledger-node key show
  ledger-node backup /media/safe/north

Exit codes: 0 done, 1 anything else, 2 wrong usage, 4 not permitted. The ready line goes to stdout, logs to stderr.`

/** The program behind bin/ledger-node: founds and runs the node of one partner. */
export function ledgerNodeProgram(io: Io): Program {
  const about = {
    name: 'ledger-node',
    description: "Run one partner's node of a ledger: its own copy, its own key, its own rules check.",
    help: HELP
  }
  return createProgram(about, readVersion, io)
    .add(initCommand)
    .add(startCommand)
    .add(keyCommand)
    .add(backupCommand)
    .add(restoreCommand)
    .add(recoveryCommand)
}
