import { readFileSync } from 'node:fs'
import { readNetworkFile, describeProblems } from '../src/ledger/network-file.js'
import { compileModel } from '../src/ledger/model.js'
for (const f of process.argv.slice(2)) {
  let t=performance.now()
  const r = readNetworkFile(readFileSync(f,'utf8'), f)
  console.log(f, r.ok, (performance.now()-t).toFixed(1)+'ms')
  if (!r.ok) { console.log(describeProblems(r.problems)); continue }
  console.log(describeProblems(r.warnings))
  t=performance.now()
  const m = compileModel(r.network, {ruleCostMax: 10000})
  console.log(m.hash, (performance.now()-t).toFixed(1)+'ms')
}
