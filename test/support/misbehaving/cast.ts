import { cp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createClient } from '../../../src/api/client.js'
import { homePaths } from '../../../src/node/home.js'
import { unpackOldBuild } from '../old-builds.js'
import { invite, until, untilVoters } from '../partners.js'
import type { NodeProcess, Sandbox, SandboxHome } from '../processes.js'
import { createNamespaces, type Namespaces } from './namespaces.js'
import { type LinkProxy, startProxy } from './proxy.js'
import { emptyDisk, fillDisk, mountSmallDisk, unmountSmallDisk } from './small-disk.js'
import type { PartnerStep, Scenario, Step } from './step.js'

const NETWORK = `
format: 1
title: Bookings
quorum: two-thirds
roles:
  clerk: { append: [entry], govern: true }
objects:
  entry:
    title: Entry
    key: [book]
    fields:
      type: object
      additionalProperties: false
      required: [book, number]
      properties:
        book: { type: string, maxLength: 8 }
        number: { type: integer, minimum: 0 }
`

/** Longest until a partner that is gone without a word is missed. */
const MISSED_MS_MAX = 40_000

/** One partner of the network: what runs, and what has happened to it. */
export interface Member extends SandboxHome {
  readonly id: string
  readonly node: () => NodeProcess
  /** Whether it should be running now. */
  readonly isUp: () => boolean
  /** How many times it lost its copy. */
  readonly copy: () => number
  /** Its own log. */
  readonly log: () => string
}

export interface Cast {
  readonly members: readonly Member[]
  /** Lets something happen. */
  play(step: Step): Promise<void>
  /** Mends the links, wakes who is paused, starts who is down: all but time is given. */
  heal(): Promise<void>
  /** Partners that died of themselves, with the end of what they said. */
  fallen(): readonly string[]
  close(): Promise<void>
}

interface Actor {
  readonly member: Member
  readonly proxy: LinkProxy | null
  /** A command that its node is run by. */
  readonly within: readonly string[]
  /** Its home, with the programs of its build. */
  place: SandboxHome
  node: NodeProcess
  state: 'up' | 'paused' | 'down'
  copies: number
  /** What earlier processes of it said. */
  said: string[]
  /** With which it is started, each time. */
  readonly args: readonly string[]
}

/** Founds at p1 and joins the others, each behind its link; waits until all vote. */
export async function createCast(
  sandbox: Sandbox,
  { links, smallDisk, build }: Pick<Scenario, 'links' | 'smallDisk' | 'build'>,
  random: () => number,
  size = 4
): Promise<Cast> {
  const actors = new Map<string, Actor>()
  const mounts: string[] = []
  const namespaces: Namespaces | null = links === 'namespaces' ? createNamespaces() : null
  const backups = join(sandbox.directory, 'backups')

  function homeWith(name: string | null, id: string, within: readonly string[]): SandboxHome {
    if (name === null) return sandbox.at(id, undefined, within)
    const { ledgerNode, ledger } = unpackOldBuild(name, join(sandbox.directory, 'builds'))
    return sandbox.at(id, ledgerNode, within, ledger)
  }

  async function linkOf(id: string) {
    if (namespaces !== null) {
      const { within, ip } = namespaces.add(id)
      return { within, args: ['--listen', `/ip4/${ip}/tcp/4001`], proxy: null }
    }
    if (links === 'loopback') return { within: [], args: [], proxy: null }
    const port = await freePort()
    const proxy = await startProxy(port, random)
    const address = (at: number): string => `/ip4/127.0.0.1/tcp/${at}`
    return { within: [], args: ['--listen', address(port), '--announce', address(proxy.port)], proxy }
  }

  /** @param founding arguments of the first start alone @param invited those of every start: a home that has joined ignores them */
  async function enter(id: string, founding: readonly string[], invited: readonly string[]): Promise<Actor> {
    const { within, args: link, proxy } = await linkOf(id)
    const args = [...invited, ...link]
    const place = homeWith(build ?? null, id, within)
    if (id === smallDisk) mounts.push(await mountSmallDisk(place.home))
    const node = await place.start([...founding, ...args])
    const member: Member = {
      home: place.home,
      client: createClient(homePaths(place.home).socket),
      ledger: (...asked) => actor.place.ledger(...asked),
      ledgerNode: (...asked) => actor.place.ledgerNode(...asked),
      start: (...asked) => actor.place.start(...asked),
      id,
      node: () => actor.node,
      isUp: () => actor.state !== 'down',
      copy: () => actor.copies,
      log: () => [...actor.said, actor.node.stderr()].join('')
    }
    const actor: Actor = { member, proxy, within, place, node, state: 'up', copies: 0, said: [], args }
    actors.set(id, actor)
    return actor
  }

  async function kill(actor: Actor, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (actor.state === 'paused') resume(actor)
    if (actor.state === 'up') await actor.node.stop(signal)
    actor.state = 'down'
  }

  async function start(actor: Actor): Promise<void> {
    if (actor.state !== 'down') return
    actor.said.push(actor.node.stderr())
    actor.node = await actor.member.start(actor.args)
    actor.state = 'up'
  }

  function resume(actor: Actor): void {
    if (actor.state !== 'paused') return
    process.kill(actor.node.pid, 'SIGCONT')
    actor.state = 'up'
  }

  async function clear(actor: Actor, isKept: (name: string) => boolean): Promise<void> {
    await kill(actor)
    const { home } = actor.member
    for (const name of await readdir(home)) {
      if (!isKept(name)) await rm(join(home, name), { recursive: true, force: true })
    }
    actor.copies++
  }

  async function playOn(actor: Actor, step: PartnerStep): Promise<void> {
    const { id, home } = actor.member
    switch (step.do) {
      case 'kill':
        return kill(actor)
      case 'restart':
        await kill(actor, 'SIGTERM')
        return start(actor)
      case 'pause':
        if (actor.state === 'up') process.kill(actor.node.pid, 'SIGSTOP')
        if (actor.state === 'up') actor.state = 'paused'
        return
      case 'resume':
        return resume(actor)
      case 'lose the copy':
        await clear(actor, (name) => name !== 'store')
        return start(actor)
      case 'lose all but the key':
        await clear(actor, (name) => name === 'key')
        return start(actor)
      case 'back up':
        await kill(actor, 'SIGTERM')
        await rm(join(backups, id), { recursive: true, force: true })
        await cp(home, join(backups, id), { recursive: true, filter: (path) => !path.endsWith('.sock') })
        return start(actor)
      case 'restore':
        await clear(actor, () => false)
        await cp(join(backups, id), home, { recursive: true })
        return start(actor)
      case 'change the build':
        await kill(actor, 'SIGTERM')
        actor.place = homeWith(step.build, id, actor.within)
        return start(actor)
      case 'fill the disk':
        await fillDisk(home)
        await until(`${id} has stopped of itself`, async () => !isAlive(actor.node.pid))
        actor.state = 'down'
        return
      case 'weather':
        return actor.proxy?.set(step.weather)
      case 'abandon':
        return actor.proxy?.abandon()
    }
  }

  async function play(step: Step): Promise<void> {
    if (step.do === 'wait') await new Promise((resolve) => setTimeout(resolve, step.seconds * 1000))
    else if (step.do === 'silence') namespaces?.silence(step.from, step.to)
    else if (step.do === 'mend the links') mend()
    else if (step.do === 'be missed') await untilMissed(step.who)
    else await Promise.all(step.who.map((id) => playOn(actors.get(id)!, step)))
  }

  async function untilMissed(who: readonly string[]): Promise<void> {
    const others = [...actors.values()].filter(({ state, member }) => state === 'up' && !who.includes(member.id))
    const look = async (): Promise<boolean> => {
      const views = await Promise.all(others.map(({ member }) => member.client.partners()))
      return views.flat().every(({ id, connected }) => !connected || !who.includes(id))
    }
    await until(`${who} are missed`, look, MISSED_MS_MAX)
  }

  function mend(): void {
    namespaces?.heal()
    for (const { proxy } of actors.values()) proxy?.set({})
  }

  async function close(): Promise<void> {
    for (const actor of actors.values()) {
      await kill(actor).catch(() => {})
      await actor.proxy?.close()
    }
    for (const mount of mounts) unmountSmallDisk(mount)
    namespaces?.remove()
  }

  try {
    const network = await sandbox.file('bookings.yaml', NETWORK)
    const { member: first } = await enter('p1', ['--network', network, '--partner', 'p1', '--role', 'clerk'], [])
    const others = Array.from({ length: size - 1 }, async (_, index) => {
      const id = `p${index + 2}`
      const token = await invite(first, id, 'clerk')
      return await enter(id, [], ['--invite', token])
    })
    await Promise.all(others)
    const members = [...actors.values()].map(({ member }) => member)
    members.sort((a, b) => (a.id < b.id ? -1 : 1))
    await untilVoters(members.map((member) => ({ ...member, kill: unused, again: unused })))
    return {
      members,
      play,
      async heal() {
        mend()
        for (const { member } of actors.values()) await emptyDisk(member.home)
        for (const actor of actors.values()) resume(actor)
        await Promise.all([...actors.values()].map((actor) => start(actor)))
      },
      fallen: () =>
        [...actors.values()]
          .filter(({ state, node }) => state !== 'down' && !isAlive(node.pid))
          .map(({ member, node }) => `${member.id} died: ${node.stderr().slice(-1000)}`),
      close
    }
  } catch (error) {
    await close()
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function unused(): Promise<never> {
  throw new Error('members are started and killed by steps')
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
