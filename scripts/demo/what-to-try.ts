import type { Company } from './company.js'
import type { Stage } from './stage.js'
import { DEALERS, FOUNDER } from './story.js'

/** Says what can be done with the partners that keep running. */
export async function showWhatToTry(stage: Stage, company: Company): Promise<void> {
  const home = (id: string): string => company.player(id).home
  const [north, south] = DEALERS.map(({ id }) => home(id))
  stage.act('Now you', 'The four partners keep running. From a second terminal, in this folder:')
  const visit = `{"vin":"WVWZZZ1KZAW000001","visitedAt":"2025-05-02T09:00:00Z","odometer":61000,"repair":"inspection","price":"119.00","parts":[]}`
  stage.say('see what one partner sees')
  stage.command(`node bin/ledger.js status --home ${north}`)
  stage.command(`node bin/ledger.js partners --home ${north}`)
  stage.say('follow everything as it is committed, at another partner')
  stage.command(`node bin/ledger.js watch --since 0 --home ${south}`)
  stage.say('write a visit; then turn the odometer back and see it refused')
  stage.command(`echo '${visit}' | node bin/ledger.js append maintenance --home ${north}`)
  stage.command(`echo '${visit.replace('61000', '1000')}' | node bin/ledger.js append maintenance --home ${south}`)
  stage.say('a proof of one visit, checked without any node')
  stage.command(`node bin/ledger.js receipt ${await anyVisit(company)} --home ${north} > receipt.json`)
  stage.command(`node bin/ledger.js genesis --json --home ${north} > genesis.json`)
  stage.command('node bin/ledger.js verify-receipt receipt.json --genesis genesis.json')
  stage.say('invite one more partner: an insurer keeps a copy and has no vote')
  stage.command(
    `node bin/ledger-node.js start --home ${home('insurer')} --invite "$(node bin/ledger.js invite insurer --role insurer --home ${home(FOUNDER.id)})"`
  )
  stage.say('')
  stage.say('Ctrl-C stops everything and removes the homes.')
}

/** Id of one of the visits that were written. */
async function anyVisit(company: Company): Promise<string> {
  for await (const { id } of company.player(FOUNDER.id).client.list('maintenance', { limit: 1 })) return id
  throw new Error('there is a visit')
}
