#!/usr/bin/env node
import { existsSync } from 'node:fs'

const program = new URL('../dist/cli/ledger.js', import.meta.url)
if (!existsSync(program)) {
  process.stderr.write('ledger is not built yet: run npm run build\n')
  process.exit(1)
}
await import(program.href)
