import { runAsProcess } from './entry.js'
import { ledgerProgram } from './ledger/program.js'

await runAsProcess(ledgerProgram)
