import { runAsProcess } from './entry.js'
import { boundHeapGrowth } from './ledger-node/heap-growth.js'
import { ledgerNodeProgram } from './ledger-node/program.js'

boundHeapGrowth()
await runAsProcess(ledgerNodeProgram)
