import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where users reach a node. */
export interface Doors {
  /** Port of the API on 127.0.0.1. */
  readonly http: number
  /** Path of the control socket. */
  readonly socket: string
}

export interface UserAttack {
  /** The door that is attacked; honest users are watched at the other one. */
  readonly door: 'http' | 'socket'
  /** Goes on until the signal aborts; connections that are cut are made anew, as fast as the node lets it. */
  readonly attack: (doors: Doors, signal: AbortSignal) => Promise<void>
}

const KIB = 1024

const RECORDS = '/v1/objects/maintenance/records'

/** `count` connections at a time, each over and over. `work` ends when it has enough of one. */
function over(
  door: UserAttack['door'],
  count: number,
  work: (socket: Socket, signal: AbortSignal) => Promise<void>
): UserAttack {
  const attack: UserAttack['attack'] = async (doors, signal) => {
    const one = async (): Promise<void> => {
      while (!signal.aborted) {
        const socket = door === 'http' ? connect(doors.http, '127.0.0.1') : connect(doors.socket)
        socket.on('error', () => {})
        await work(socket, signal).catch(() => {})
        socket.destroy()
        await sleep(5)
      }
    }
    await Promise.all(Array.from({ length: count }, one))
  }
  return { door, attack }
}

const isOpen = (socket: Socket, signal: AbortSignal): boolean => !signal.aborted && !socket.destroyed

/** Writes as fast as it is taken. */
async function pour(socket: Socket, signal: AbortSignal, start: string, bytes: Buffer): Promise<void> {
  socket.resume().write(start)
  while (isOpen(socket, signal)) {
    if (socket.write(bytes)) await sleep(0)
    else await drained(socket)
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    socket.on('drain', done).on('close', done)
  })
}

/** One byte after the other. */
async function trickle(socket: Socket, signal: AbortSignal, start: string, byte: string): Promise<void> {
  socket.resume().write(start)
  for (; isOpen(socket, signal); await sleep(100)) socket.write(byte)
}

function head(line: string, ...headers: readonly string[]): string {
  return [`${line} HTTP/1.1`, 'host: x', ...headers, '', ''].join('\r\n')
}

const badToken = head('GET /v1/status', `authorization: Bearer ${'x'.repeat(8 * KIB)}`)
const slowBody = head(`POST ${RECORDS}`, 'content-type: application/json', 'content-length: 1000000')
const pipe = head(`POST ${RECORDS}`, 'content-type: application/x-ndjson', 'transfer-encoding: chunked')
const everything = head(`GET ${RECORDS}?history=true&limit=100000`)

function chunk(text: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${text.length.toString(16)}\r\n`), text, Buffer.from('\r\n')])
}

/** By name: what users do that have no token, or that have one and no sense. */
export const USER_ATTACKS: Readonly<Record<string, UserAttack>> = {
  'bad tokens': over('http', 32, (socket, signal) => pour(socket, signal, '', Buffer.from(badToken.repeat(4)))),
  'headers that never end': over('http', 200, (socket, signal) =>
    trickle(socket, signal, 'GET /health/live HTTP/1.1\r\nhost: x\r\na: ', 'b')
  ),
  'bodies that never end': over('socket', 128, (socket, signal) => trickle(socket, signal, `${slowBody}{"a":"`, 'b')),
  'lines without end': over('socket', 16, (socket, signal) =>
    pour(socket, signal, pipe, chunk(Buffer.alloc(256 * KIB, 'x')))
  ),
  'lines that are refused, by the million': over('socket', 8, (socket, signal) =>
    pour(socket, signal, pipe, chunk(Buffer.from('{"vin":1}\n'.repeat(5_000))))
  ),
  'many connections': over('http', 1_000, async (socket, signal) => {
    for (; isOpen(socket, signal); await sleep(50));
  }),
  'answers that are half read': over('socket', 64, async (socket, signal) => {
    socket.write(everything)
    await new Promise((resolve) => socket.once('data', resolve).once('close', resolve))
    socket.pause()
    for (; isOpen(socket, signal); await sleep(50));
  })
}
