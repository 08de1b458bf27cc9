import { runAsProcess } from './entry.js'
import { ledgerNodeProgram } from './ledger-node/program.js'

await runAsProcess(ledgerNodeProgram)
