import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { playRun, type Run, runs } from '../../support/hostile-sessions.js'
import { suite } from '../../support/suite.js'

/** The protocols between nodes, with streams in memory: many runs of the same are in test/slow/hostile-sessions.test.ts. */
const test = suite('hostile sessions', { timeoutMs: 40_000 })

test('whatever is said on many streams at once, each is answered as it should, and only the guilty are told of', async () => {
  await fc.assert(fc.asyncProperty(runs, playRun), { numRuns: 25 })
})

const kept: { readonly why: string; readonly run: Run }[] = JSON.parse(
  readFileSync(new URL('../../fixtures/hostile/sessions.json', import.meta.url), 'utf8')
)

for (const { why, run } of kept) test(`kept: ${why}`, () => playRun(run))

test.run()
