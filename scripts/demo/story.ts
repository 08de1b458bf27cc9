import type { AppendOutcome, NodeStatus } from '../../src/node/ledger-node.js'
import { type Company, type Player, until } from './company.js'
import { NETWORK_FILE, type Sample, samplesOf } from './samples.js'
import type { Stage } from './stage.js'

/** Who takes part: the maker founds and invites, the dealers write visits. All four vote. */
export const FOUNDER = { id: 'maker', name: 'Car maker', role: 'manufacturer' }
export const DEALERS = [
  { id: 'north', name: 'Garage North' },
  { id: 'south', name: 'Garage South' },
  { id: 'west', name: 'Garage West' }
]

const CAR = 'WVWZZZ1KZAW000001'

/** Visits written before a partner's node is killed, and by when it comes back; the last one is its own. */
const VISITS_BEFORE_KILL = 4
const VISITS_BEFORE_RETURN = 14

/**
 * Plays it all, and looks after each step whether it came out as it must.
 * @throws Error naming what did not hold
 */
export async function playStory(stage: Stage, company: Company, signal: AbortSignal): Promise<void> {
  const maker = company.player(FOUNDER.id)
  const dealers = DEALERS.map(({ id }) => company.player(id))
  const all = [maker, ...dealers]
  const visits = await samplesOf('maintenance')

  await found(stage, maker)
  for (const dealer of dealers) await joinNetwork(stage, { maker, dealer, all, signal })

  stage.act(
    'The maker registers cars, parts and prices',
    'Every partner checks each record by the rules of the network file.'
  )
  for (const object of ['vehicle', 'part', 'repair']) {
    for (const sample of await samplesOf(object)) await append(stage, maker, sample)
  }

  stage.act(
    'The dealers write visits',
    'Each visit by another dealer: what one wrote binds the next. Some are wrong on purpose.'
  )
  for (const visit of visits.slice(0, VISITS_BEFORE_KILL)) await append(stage, turnOf(dealers, visit), visit)
  await sameEverywhere(stage, all, signal)

  const victim = dealers.at(-1)!
  const others = all.filter((player) => player !== victim)
  stage.act(
    `The node of ${victim.id} is killed`,
    'kill -9, without a goodbye. Three of four are a quorum: the others go on, and some records are wrong again.'
  )
  await victim.kill()
  await until(`${maker.id} notices`, async () => (await maker.client.status()).quorum.online === others.length, signal)
  stage.say(`${maker.id}'s status: 3 of 4 must agree, ${others.length} online`)
  const living = dealers.filter((dealer) => dealer !== victim)
  for (const visit of visits.slice(VISITS_BEFORE_KILL, VISITS_BEFORE_RETURN))
    await append(stage, turnOf(living, visit), visit)

  stage.act(`${victim.id} comes back`, 'It fetches what it missed, checks every block of it, and takes part again.')
  const missing = await maker.client.status()
  stage.command('ledger-node start')
  await victim.start()
  await until(
    `${victim.id} catches up with block ${missing.height}`,
    async () => (await victim.client.status()).height >= missing.height,
    signal
  )
  stage.held(`${victim.id} has block ${missing.height} again, checked by itself`)
  await until(
    `${victim.id} is connected`,
    async () => (await victim.client.status()).quorum.online === all.length,
    signal
  )
  for (const visit of visits.slice(VISITS_BEFORE_RETURN)) await append(stage, victim, visit)
  await sameEverywhere(stage, all, signal)

  stage.act(
    'Nobody has to believe anybody',
    'Each partner reads its own copy: every hash, every signature, every rule again.'
  )
  await sameHistory(stage, all)
  for (const player of all) await verify(stage, player)
}

async function found(stage: Stage, maker: Player): Promise<void> {
  stage.act(
    'The car maker founds the network',
    'One file says who may write what, and which rules each record must keep.'
  )
  const { id, name, role } = FOUNDER
  stage.command(`ledger-node start --network ${NETWORK_FILE} --partner ${id} --role ${role}`)
  const seconds = await maker.start(['--network', NETWORK_FILE, '--partner', id, '--role', role, '--name', name])
  const { genesis, state } = await maker.client.status().then((status) => ({ ...status, state: status.partner.state }))
  must(state === 'active', `${id} is active after founding, not ${state}`)
  stage.held(`founded and ready in ${seconds.toFixed(1)} s; genesis ${genesis.slice(0, 16)}...`)
}

interface Joining {
  readonly maker: Player
  readonly dealer: Player
  readonly all: readonly Player[]
  readonly signal: AbortSignal
}

async function joinNetwork(stage: Stage, { maker, dealer, all, signal }: Joining): Promise<void> {
  const { id } = dealer
  const name = DEALERS.find((one) => one.id === id)?.name ?? id
  stage.act(
    `${name} joins`,
    'The maker makes a token, the dealer starts with it; its admission is a record on the chain.'
  )
  stage.command(`ledger invite ${id} --role dealer`)
  const invited = await maker.ledger(['invite', id, '--role', 'dealer', '--name', name, '--quiet'])
  must(invited.code === 0, `the maker can invite ${id}: ${invited.stderr.trim()}`)
  const token = invited.stdout.trim()
  stage.command(`ledger-node start --invite ${token.slice(0, 24)}...`)
  const started = performance.now()
  const seconds = await dealer.start(['--invite', token])
  const members = all.slice(0, all.indexOf(dealer) + 1)
  const votes = async (): Promise<boolean> => {
    // Until it is admitted, it has no partners to tell of.
    if ((await dealer.client.status()).partner.state === 'joining') return false
    for (const player of members) {
      const partners = await player.client.partners()
      const voters = partners.filter(({ voter, state, connected }) => voter && state === 'active' && connected)
      if (voters.length !== members.length) return false
    }
    return true
  }
  await until(`${id} becomes a voter`, votes, signal)
  const joined = (performance.now() - started) / 1000
  stage.held(`ready after ${seconds.toFixed(1)} s, votes after ${joined.toFixed(1)} s: ${members.length} partners`)
}

/** Another dealer for each line. */
function turnOf(dealers: readonly Player[], { line }: Sample): Player {
  return dealers[line % dealers.length]!
}

async function append(stage: Stage, player: Player, sample: Sample): Promise<void> {
  const { object, text, what, refusedWith } = sample
  const { stdout, stderr } = await player.ledger(['append', object, '--json', '--timeout', '30s'], `${text}\n`)
  must(stdout.startsWith('{'), `${player.id} can append: ${stderr.trim()}`)
  const outcome = JSON.parse(stdout) as AppendOutcome
  must(outcome.status !== 'pending', `${what} by ${player.id} is decided: no quorum came together`)
  if (outcome.status === 'accepted') {
    stage.verdict(player.id, what, true, `block ${outcome.height}`)
    must(refusedWith === null, `${what} is refused with ${refusedWith}`)
    return
  }
  if (outcome.status === 'refused') {
    const { code, rule, message } = outcome
    stage.verdict(player.id, what, false, `${message} (${rule ?? code})`)
    const got = rule === undefined ? code : `${code} ${rule}`
    must(
      got === refusedWith,
      `${what} is ${refusedWith === null ? 'accepted' : `refused with ${refusedWith}`}, not ${got}`
    )
  }
}

/** Waits until all are at one height, and holds their chains against each other. */
async function sameEverywhere(stage: Stage, all: readonly Player[], signal: AbortSignal): Promise<void> {
  let statuses: readonly NodeStatus[] = []
  const atOneHeight = async (): Promise<boolean> => {
    statuses = await Promise.all(all.map((player) => player.client.status()))
    return new Set(statuses.map(({ height }) => height)).size === 1
  }
  await until('all copies reach the same height', atOneHeight, signal)
  for (const [index, { height, head, stateHash }] of statuses.entries()) {
    stage.say(
      `${all[index]!.id.padEnd(6)} block ${height}  ${head.slice(0, 16)}...  state ${stateHash.slice(0, 16)}...`
    )
  }
  const chains = new Set(statuses.map(({ height, head, stateHash }) => `${height} ${head} ${stateHash}`))
  must(chains.size === 1, 'all partners hold the same chain and the same state')
  stage.held(`all ${all.length} partners hold the same chain`)
}

async function sameHistory(stage: Stage, all: readonly Player[]): Promise<void> {
  stage.command(`ledger history maintenance ${CAR}`)
  const answers = await Promise.all(all.map((player) => player.ledger(['history', 'maintenance', CAR, '--json'])))
  must(
    answers.every(({ code }) => code === 0),
    `every partner has the history of ${CAR}`
  )
  must(new Set(answers.map(({ stdout }) => stdout)).size === 1, `every partner has the same history of ${CAR}`)
  const records = answers[0]!.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as HistoryLine)
  for (const { author, height, data } of records) {
    stage.say(
      `block ${String(height).padEnd(4)} ${author.padEnd(6)} ${String(data.odometer).padStart(6)} km  ${data.repair}`
    )
  }
  must(records.length === 3, `the car has 3 visits, not ${records.length}`)
  stage.held('the same history at every partner; the turned-back odometer is not in it')
}

interface HistoryLine {
  readonly author: string
  readonly height: number
  readonly data: { readonly odometer: number; readonly repair: string }
}

async function verify(stage: Stage, player: Player): Promise<void> {
  const { code, stdout, stderr } = await player.ledger(['verify'])
  must(code === 0, `the copy of ${player.id} verifies: ${stdout.trim()} ${stderr.trim()}`)
  stage.held(`${player.id.padEnd(6)} ${stdout.trim()}`)
}

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what)
}
