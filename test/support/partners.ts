import * as assert from 'uvu/assert'
import type { NodeStatus, ProposalView } from '../../src/node/ledger-node.js'
import { INSPECTIONS } from './inspections.js'
import type { NodeProcess, Sandbox, SandboxHome } from './processes.js'

/** Longest a network may take to agree on something, in milliseconds, before the test fails. */
const AGREE_MS_MAX = 30_000
const LOOK_MS = 50

/** One partner of a network of real processes. */
export interface Partner extends SandboxHome {
  readonly id: string
  /** The node that runs now; the last one when none does. */
  readonly node: () => NodeProcess
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>
  /** Starts it again on its home. */
  again(args?: readonly string[]): Promise<NodeProcess>
}

export interface NetworkOptions {
  /** Text of the network file. @default INSPECTIONS */
  readonly text?: string
  /** Role of each partner. @default `inspector` */
  readonly role?: string
  /** @default the rule of the text */
  readonly quorum?: 'two-thirds' | 'majority'
}

/** From so many partners on another one is voted on. */
const FREE = 4

/**
 * Founds at p1, invites p2 to p4, joins them at the same time, and waits until all vote and are connected with one another;
 * then p5 to pN, one after the other, as the others have to vote on them.
 */
export async function network(sandbox: Sandbox, size: number, options: NetworkOptions = {}): Promise<Partner[]> {
  const { text = INSPECTIONS, role = 'inspector', quorum } = options
  const file = quorum === undefined ? text : text.replace(/^quorum: .*$/m, `quorum: ${quorum}`)
  const path = await sandbox.file('network.yaml', file)
  const first = await started(sandbox, 'p1', ['--network', path, '--partner', 'p1', '--role', role])
  const others = Array.from({ length: Math.min(size, FREE) - 1 }, async (_, index) => {
    const id = `p${index + 2}`
    return started(sandbox, id, ['--invite', await invite(first, id, role)])
  })
  const partners = [first, ...(await Promise.all(others))]
  await untilVoters(partners)
  while (partners.length < size) {
    const id = `p${partners.length + 1}`
    const next = await started(sandbox, id, ['--invite', await invite(first, id, role)])
    await admit(partners, id)
    partners.push(next)
    await untilVoters(partners)
  }
  return partners
}

/** The open ballot on the admission of a partner, as soon as there is one. */
export async function ballotOn(at: SandboxHome, id: string): Promise<ProposalView> {
  let found: ProposalView | undefined
  await until(`there is a ballot on ${id}`, async () => {
    for await (const proposal of at.client.proposals({ state: 'open' })) {
      if (proposal.change.kind === 'admit' && proposal.change.partner === id) found = proposal
    }
    return found !== undefined
  })
  return found!
}

/** A proposal as soon as the copy of a partner has it. */
export async function seen(at: Partner, id: string): Promise<ProposalView> {
  let view: ProposalView | undefined
  await until(`${at.id} sees proposal ${id}`, async () => {
    view = await at.client.proposal(id)
    return true
  })
  return view!
}

/** Votes on a proposal as soon as the copy of a partner has it. */
export async function vote(at: Partner, id: string, yes = true, reason = ''): Promise<ProposalView> {
  await seen(at, id)
  return at.client.vote(id, { yes, reason, force: true })
}

/** Lets these vote yes on the admission of a partner until it has passed. */
export async function admit(voters: readonly Partner[], id: string): Promise<ProposalView> {
  const { id: proposal, waiting } = await ballotOn(voters[0]!, id)
  for (const voter of voters) {
    if (!waiting.includes(voter.id) || (await seen(voter, proposal)).state !== 'open') continue
    // It may pass by the vote of another one meanwhile.
    await voter.client.vote(proposal, { yes: true }).catch(async (error: unknown) => {
      if ((await voter.client.proposal(proposal)).state === 'open') throw error
    })
  }
  let view: ProposalView | undefined
  await until(`${id} is admitted`, async () => {
    view = await voters[0]!.client.proposal(proposal)
    return view.state === 'passed' || view.state === 'enacted'
  })
  return view!
}

/** A token of `ledger invite`. */
export async function invite(by: SandboxHome, id: string, role = 'inspector', more: string[] = []): Promise<string> {
  const { code, stdout, stderr } = await by.ledger(['invite', id, '--role', role, ...more])
  assert.is(code, 0, stderr)
  assert.match(stdout, /^\S+\n$/, 'the token alone')
  return stdout.trim()
}

/** Starts the node of a partner on a home of its own. @param program run instead of bin/ledger-node.js */
export async function started(
  sandbox: Sandbox,
  id: string,
  args: readonly string[],
  program?: string
): Promise<Partner> {
  const home = sandbox.at(id, program)
  let node = await home.start(args)
  return {
    ...home,
    id,
    node: () => node,
    async kill() {
      await node.stop('SIGKILL')
    },
    async again(more = []) {
      node = await home.start(more)
      return node
    }
  }
}

/** Waits until each of these sees all of them as connected voters. */
export async function untilVoters(partners: readonly Partner[]): Promise<void> {
  const look = async (): Promise<boolean> => {
    for (const { client } of partners) {
      const views = await client.partners()
      const voters = views.filter(({ voter, state, connected }) => voter && state === 'active' && connected)
      if (voters.length < partners.length) return false
    }
    return true
  }
  await until(`${partners.length} voters everywhere`, look, 90_000).catch((error: Error) => {
    throw new Error(`${error.message}\n${partners.map(lastWords).join('\n')}`)
  })
}

/** Errors that a node told, and the end of what it told. */
function lastWords({ id, node }: Partner): string {
  const lines = node().stderr().trimEnd().split('\n')
  const told = lines.filter((line, index) => line.includes('"level":"error"') || index >= lines.length - 2)
  return told.map((line) => `${id} | ${line.slice(0, 500)}`).join('\n')
}

/** Waits until all copies are at one height, and holds them against each other. */
export async function sameChain(partners: readonly Partner[], heightMin = 0): Promise<NodeStatus> {
  let statuses: NodeStatus[] = []
  await until(`all copies at one height from ${heightMin} on`, async () => {
    statuses = await Promise.all(partners.map(({ client }) => client.status()))
    const heights = new Set(statuses.map(({ height }) => height))
    return heights.size === 1 && (statuses[0]?.height ?? 0) >= heightMin
  })
  const [first] = statuses
  for (const { head, stateHash } of statuses) assert.equal([head, stateHash], [first?.head, first?.stateHash])
  return first!
}

/** Runs `ledger verify` everywhere. */
export async function verifyAll(partners: readonly SandboxHome[]): Promise<void> {
  for (const { ledger } of partners) {
    const { code, stdout, stderr } = await ledger(['verify'])
    assert.is(code, 0, `${stdout}${stderr}`)
  }
}

/** Waits until a look says yes; what was waited for is the failure, with why the last look could not be taken. */
export async function until(what: string, look: () => Promise<boolean>, millisecondsMax = AGREE_MS_MAX): Promise<void> {
  const end = performance.now() + millisecondsMax
  let why = ''
  const looked = async (): Promise<boolean> => {
    try {
      return await look()
    } catch (error) {
      // A node that is starting or stopping does not answer.
      why = `: ${error instanceof Error ? error.message : error}`
      return false
    }
  }
  while (!(await looked())) {
    if (performance.now() > end) throw new Error(`did not come within ${millisecondsMax} ms: ${what}${why}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}
