import { createPrivateKey, createPublicKey, hash as hashOf } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ClassicLevel } from 'classic-level'
import { type CheckedBatch, makeBatch, type PrototypeState, readBatch, runRules } from './batch-check.js'
import { KIND, readFrames, sendFrame } from './frames.js'
import { openVoting, type SignedVote, type Step } from './voting.js'

/**
 * One node of the bare prototype: a process on loopback TCP. Node 0 is the author of all batches and proposes each; there is
 * no change of views, no mempool, no handling of errors. Whatever fails ends the process.
 */
export interface NodeOptions {
  readonly self: number
  readonly size: number
  readonly folder: string
  /** Seeds of all nodes, hex. */
  readonly seeds: readonly string[]
  /** Cars, one JSON object a line. */
  readonly vehicles: string
}

/** What the starter tells a node, and asks it. */
export type Order =
  | { readonly type: 'connect'; readonly ports: readonly number[] }
  | { readonly type: 'measure' }
  | { readonly type: 'append'; readonly file: string; readonly batch: number; readonly ahead: number }
  | { readonly type: 'tell'; readonly height: number }
  | { readonly type: 'replay' }

/** Of node 0: what appending a file took. */
export interface Appended {
  readonly records: number
  readonly seconds: number
  readonly height: number
  /** Milliseconds of each batch, from its last record being read to its block on the author's disk. */
  readonly times: readonly number[]
}

/** CPU seconds since `measure`, most memory so far, and the head of the chain, which covers the state. */
export interface Told {
  readonly cpuSeconds: number
  readonly memoryPeakMiB: number
  readonly head: string
}

const { self, size, folder, seeds, vehicles }: NodeOptions = JSON.parse(process.argv[2]!)
const PKCS8 = '302e020100300506032b657004220420'
const privateKeys = seeds.map((seed) =>
  createPrivateKey({ key: Buffer.from(PKCS8 + seed, 'hex'), format: 'der', type: 'pkcs8' })
)
const keys = privateKeys.map((key) => createPublicKey(key))
const quorum = size - Math.floor((size - 1) / 3)
const voting = await openVoting(join(folder, 'votes'), self, privateKeys[self]!, keys)
const database = new ClassicLevel<string, string>(join(folder, 'level'), { writeBufferSize: 16 * 1024 * 1024 })
await database.open()

const state: PrototypeState = { odometers: new Map(), vehicles: carsOf(vehicles) }
const peers = new Map<number, Socket>()
const batches = new Map<string, CheckedBatch>()
/** Votes of this height and later ones, by height. */
const votes = new Map<number, SignedVote[]>()
const waiting: { height: number; resolve: () => void }[] = []
let height = 1
let head = ''
let broken = 0
let done: Partial<Record<Step | 'commit', boolean>> = {}
let cpu = process.cpuUsage()

function carsOf(path: string): Set<string> {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  return new Set(lines.map((line) => (JSON.parse(line) as { vin: string }).vin))
}

function broadcast(kind: number, text: string): void {
  for (const socket of peers.values()) sendFrame(socket, kind, text)
}

function onFrame(kind: number, text: string): void {
  if (kind === KIND.batch) {
    const batch = readBatch(text, keys[0]!)
    batches.set(batch.hash, batch)
  } else {
    const vote: SignedVote = JSON.parse(text)
    if (vote.height < height) return
    if (!voting.isSigned(vote)) throw new Error('a vote is not signed')
    keep(vote)
  }
  advance()
}

function keep(vote: SignedVote): void {
  const known = votes.get(vote.height)
  if (known === undefined) votes.set(vote.height, [vote])
  else known.push(vote)
}

function cast(step: Step, hash: string): void {
  done[step] = true
  voting
    .vote(step, height, hash)
    .then((vote) => {
      broadcast(step === 'proposal' ? KIND.proposal : KIND.vote, JSON.stringify(vote))
      if (vote.height >= height) keep(vote)
      advance()
    })
    .catch(fail)
}

/** Does whatever the votes of this height allow. */
function advance(): void {
  const here = votes.get(height) ?? []
  const hash = here.find(({ step, voter }) => step === 'proposal' && voter === 0)?.hash
  const batch = hash === undefined ? undefined : batches.get(hash)
  if (hash === undefined || batch === undefined || done.commit) return
  const count = (step: Step): number => here.filter((vote) => vote.step === step && vote.hash === hash).length
  if (!done.prevote) {
    // The rules are asked before voting, as a voter has to.
    broken += runRules(state, batch.visits)
    cast('prevote', hash)
  }
  if (!done.precommit && count('prevote') >= quorum) cast('precommit', hash)
  if (done.precommit && count('precommit') >= quorum) {
    done.commit = true
    commit(
      batch,
      here.filter(({ step }) => step === 'precommit')
    ).catch(fail)
  }
}

/** One synced write a block: the block as one value, and the newest record of each car. */
async function commit(batch: CheckedBatch, certificate: readonly SignedVote[]): Promise<void> {
  head = hashOf('sha256', `${head}${batch.hash}${broken}`, 'hex')
  const write = database.batch()
  write.put(`k${String(height).padStart(9, '0')}`, `${JSON.stringify(certificate)}\n${batch.text}`)
  for (const [index, { vin }] of batch.visits.entries()) write.put(`s${vin}`, batch.lines[index]!)
  await write.write({ sync: true })
  batches.delete(batch.hash)
  votes.delete(height)
  height += 1
  done = {}
  for (const one of waiting.filter((one) => one.height < height)) {
    waiting.splice(waiting.indexOf(one), 1)
    one.resolve()
  }
  advance()
}

function committed(target: number): Promise<void> {
  return target < height ? Promise.resolve() : new Promise((resolve) => waiting.push({ height: target, resolve }))
}

/** Node 0: reads the file, sends batches ahead of their turn, proposes one after the other. */
async function append(file: string, size: number, ahead: number): Promise<Appended> {
  const started = performance.now()
  const times: number[] = []
  const flying: Promise<void>[] = []
  let records = 0
  let turn: Promise<void> = Promise.resolve()
  let next = height
  const send = async (lines: string[]): Promise<void> => {
    const read = performance.now()
    const batch = makeBatch(lines, privateKeys[0]!)
    batches.set(batch.hash, batch)
    broadcast(KIND.batch, batch.text)
    records += lines.length
    const mine = next++
    turn = turn
      .then(() => {
        cast('proposal', batch.hash)
        return committed(mine)
      })
      .then(() => {
        times.push(performance.now() - read)
      })
    flying.push(turn)
    if (flying.length >= ahead) await flying.shift()
    // What came in meanwhile goes first.
    await new Promise((resolve) => setImmediate(resolve))
  }
  let lines: string[] = []
  let rest = ''
  for await (const chunk of createReadStream(file, { encoding: 'utf8' })) {
    const pieces = (rest + chunk).split('\n')
    rest = pieces.pop()!
    for (const piece of pieces) {
      lines.push(piece)
      if (lines.length < size) continue
      await send(lines)
      lines = []
    }
  }
  if (lines.length > 0) await send(lines)
  await turn
  return { records, seconds: (performance.now() - started) / 1000, height: next - 1, times }
}

/** Checks its own chain from the disk as somebody would who trusts none of it. @returns records a second */
async function replay(): Promise<number> {
  const started = performance.now()
  const again: PrototypeState = { odometers: new Map(), vehicles: state.vehicles }
  let records = 0
  for await (const block of database.values({ gte: 'k', lt: 'l' })) {
    const end = block.indexOf('\n')
    const certificate = JSON.parse(block.slice(0, end)) as SignedVote[]
    if (certificate.filter((vote) => voting.isSigned(vote)).length < quorum) throw new Error('no quorum')
    const { visits } = readBatch(block.slice(end + 1), keys[0]!)
    runRules(again, visits)
    records += visits.length
  }
  return records / ((performance.now() - started) / 1000)
}

async function obey(order: Order): Promise<unknown> {
  switch (order.type) {
    case 'connect': {
      for (const [number, port] of order.ports.entries()) {
        if (number >= self) continue
        const socket = connect({ port, host: '127.0.0.1', noDelay: true })
        socket.on('error', fail)
        readFrames(socket, onFrame)
        peers.set(number, socket)
        sendFrame(socket, KIND.hello, String(self))
      }
      while (peers.size < size - 1) await new Promise((resolve) => setTimeout(resolve, 5))
      return null
    }
    case 'measure':
      cpu = process.cpuUsage()
      return null
    case 'append':
      return await append(order.file, order.batch, order.ahead)
    case 'tell': {
      await committed(order.height)
      const { user, system } = process.cpuUsage(cpu)
      const memoryPeakMiB = process.resourceUsage().maxRSS / 1024
      const chain = `${head} ${state.odometers.size} ${broken}`
      return { cpuSeconds: (user + system) / 1e6, memoryPeakMiB, head: chain } satisfies Told
    }
    case 'replay':
      return await replay()
  }
}

function fail(error: unknown): void {
  process.stderr.write(`prototype ${self}: ${error instanceof Error ? error.stack : error}\n`)
  process.exit(1)
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', fail)
  readFrames(socket, (kind, text) => {
    if (kind === KIND.hello) peers.set(Number(text), socket)
    else onFrame(kind, text)
  })
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as { port: number }).port}\n`)
})
for await (const line of createInterface({ input: process.stdin })) {
  obey(JSON.parse(line))
    .then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`))
    .catch(fail)
}
process.exit(0)
