import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { row } from '../benchmark.js'
import { type Figure, percentileOf } from '../figure.js'
import { freePorts } from '../free-ports.js'
import { type ServerProcess, startServer, untilAnswers } from './server-process.js'

const NODES = 3

/** Clients at once, and puts of each step. */
const STEPS = [
  { clients: 1, puts: 500 },
  { clients: 64, puts: 4_000 },
  { clients: 512, puts: 8_000 }
] as const

const TRANSACTION_PUTS = 100
const TRANSACTION_CLIENTS = 8

interface Pair {
  readonly key: string
  readonly value: string
}

/**
 * Three nodes of etcd on loopback, as they come: single puts and transactions of 100 through the HTTP gateway of the leader.
 * @param lines 300-byte records; each is put under a key of its own
 */
export async function measureEtcd(
  program: string,
  folder: string,
  lines: readonly string[],
  runs: number
): Promise<Figure[]> {
  const ports = await freePorts(2 * NODES)
  const clientUrl = (number: number): string => `http://127.0.0.1:${ports[2 * number]}`
  const peerUrl = (number: number): string => `http://127.0.0.1:${ports[2 * number + 1]}`
  const numbers = Array.from({ length: NODES }, (_, number) => number)
  const cluster = numbers.map((number) => `e${number}=${peerUrl(number)}`).join(',')
  const servers: ServerProcess[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: 1024 })
  try {
    for (const number of numbers) {
      const args = [
        ...['--name', `e${number}`, '--data-dir', join(folder, `etcd-${number}`)],
        ...['--listen-client-urls', clientUrl(number), '--advertise-client-urls', clientUrl(number)],
        ...['--listen-peer-urls', peerUrl(number), '--initial-advertise-peer-urls', peerUrl(number)],
        ...['--initial-cluster', cluster, '--initial-cluster-state', 'new', '--log-level', 'error']
      ]
      servers.push(startServer(program, args, { log: join(folder, 'etcd.log') }))
    }
    const post = (number: number, path: string, body: object): Promise<Answer> =>
      postJson(agent, ports[2 * number]!, path, JSON.stringify(body))
    let leader = 0
    for (const number of numbers) {
      await untilAnswers('etcd', join(folder, 'etcd.log'), async () => {
        const { header, leader: found } = await post(number, '/v3/maintenance/status', {})
        if (found !== undefined && header?.member_id === found) leader = number
        return found !== undefined && found !== '0'
      })
    }
    const pairs = lines.map((line, index) => ({ key: base64(`record/${index}`), value: base64(line) }))
    return await measureSteps(pairs, runs, (path, body) => post(leader, path, body))
  } finally {
    agent.destroy()
    for (const server of servers) await server.stop()
  }
}

interface Answer {
  readonly header?: { readonly member_id?: string }
  readonly leader?: string
  readonly succeeded?: boolean
}

async function measureSteps(
  pairs: readonly Pair[],
  runs: number,
  post: (path: string, body: object) => Promise<Answer>
): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const { clients, puts } of STEPS) {
    const rates: number[] = []
    const p50: number[] = []
    for (let number = 0; number < runs; number++) {
      const { seconds, times } = await atOnce(clients, puts, async (index) => {
        await post('/v3/kv/put', pairs[index % pairs.length]!)
      })
      rates.push(puts / seconds)
      p50.push(percentileOf(times, 0.5))
    }
    figures.push(row(`etcd: single puts, ${clients} clients`, 'puts/s', rates))
    if (clients === 1) figures.push(row('etcd: single put p50', 'ms', p50))
  }
  const rates: number[] = []
  const count = Math.floor(pairs.length / TRANSACTION_PUTS)
  for (let number = 0; number < runs; number++) {
    const { seconds } = await atOnce(TRANSACTION_CLIENTS, count, async (index) => {
      const some = pairs.slice(index * TRANSACTION_PUTS, (index + 1) * TRANSACTION_PUTS)
      const answer = await post('/v3/kv/txn', { success: some.map((pair) => ({ requestPut: pair })) })
      if (answer.succeeded !== true) throw new Error(`etcd refused a transaction: ${JSON.stringify(answer)}`)
    })
    rates.push((count * TRANSACTION_PUTS) / seconds)
  }
  figures.push(row(`etcd: transactions of ${TRANSACTION_PUTS}`, 'records/s', rates))
  return figures
}

async function atOnce(
  clients: number,
  count: number,
  work: (index: number) => Promise<void>
): Promise<{ readonly seconds: number; readonly times: readonly number[] }> {
  const times: number[] = []
  let next = 0
  const started = performance.now()
  const client = async (): Promise<void> => {
    while (next < count) {
      const begun = performance.now()
      await work(next++)
      times.push(performance.now() - begun)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return { seconds: (performance.now() - started) / 1000, times }
}

function postJson(agent: Agent, port: number, path: string, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const sent = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      response.on('error', reject).on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text))
        else reject(new Error(`etcd answered ${response.statusCode}: ${text}`))
      })
    })
    sent.on('error', reject).end(body)
  })
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
