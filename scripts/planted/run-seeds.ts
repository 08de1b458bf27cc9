/**
 * Runs in a copy of the tree, as a process of its own: simulates seeds from 1 on until a promise is broken. Prints one line
 * of JSON, a {@link SeedsOutcome}.
 *
 *   tsx scripts/planted/run-seeds.ts '{"seeds":60,"set":{"voters":4}}'
 */
import type { Scenario } from '../../test/simulation/scenario.js'
import { useStandInSignatures } from '../../test/simulation/use-stand-in-signatures.js'

/** `seed` is the one that broke `promise`; null when all of them held. */
export interface SeedsOutcome {
  readonly runs: number
  readonly broken: { readonly seed: number; readonly promise: string; readonly message: string } | null
}

useStandInSignatures()
const { simulate } = await import('../../test/simulation/simulation.js')
const { seeds, set = {} } = JSON.parse(process.argv[2] ?? '{}') as { seeds: number; set?: Partial<Scenario> }

process.stdout.write(`${JSON.stringify(await search())}\n`)

async function search(): Promise<SeedsOutcome> {
  for (let seed = 1; seed <= seeds; seed++) {
    const { broken } = await simulate(seed, set)
    if (broken === null) continue
    const { promise, message } = broken
    return { runs: seed, broken: { seed, promise, message: message.split('\n')[0] ?? '' } }
  }
  return { runs: seeds, broken: null }
}
