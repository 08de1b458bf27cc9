import { lstat, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { LedgerError } from '../base/errors.js'
import { SOCKET_PATH_BYTES_MAX } from './limits.js'

/** @throws LedgerError HOME_PATH_TOO_LONG */
export function assertSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path)
  if (bytes <= SOCKET_PATH_BYTES_MAX) return
  throw new LedgerError(
    'HOME_PATH_TOO_LONG',
    `the control socket would be ${path}, ${bytes} bytes; a Unix socket's path has at most ${SOCKET_PATH_BYTES_MAX}`,
    { path, bytes }
  )
}

/**
 * Listens on a Unix socket that only its owner can open. A socket that was left behind is removed, but only after nobody
 * answered on it.
 * @throws LedgerError HOME_PATH_TOO_LONG, HOME_LOCKED when a node answers there, ADDRESS_IN_USE when it is no socket
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  assertSocketPath(path)
  await removeStale(path)
  await listening(server, () => {
    // The path is bound within this call, so that the socket is at no moment open to others.
    const mask = process.umask(0o177)
    try {
      server.listen(path)
    } finally {
      process.umask(mask)
    }
  })
}

/** Listens on TCP. @throws LedgerError ADDRESS_IN_USE */
export async function listenOnTcp(server: Server, host: string, port: number): Promise<void> {
  await listening(server, () => server.listen({ host, port }))
}

async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (found === null) return
  if (!found.isSocket()) throw new LedgerError('ADDRESS_IN_USE', `${path} is in the way and is not a socket`, { path })
  if (await answers(path)) throw new LedgerError('HOME_LOCKED', `a node already answers on ${path}`, { path })
  await unlink(path)
}

/** Whether somebody accepts connections on a Unix socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false)
      // A full queue of connections is a sign of life.
      else if (error.code === 'EAGAIN') resolve(true)
      else reject(error)
    })
  })
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      server.off('listening', succeeded)
      reject(listenError(error))
    }
    const succeeded = (): void => {
      server.off('error', failed)
      resolve()
    }
    server.once('error', failed).once('listening', succeeded)
    listen()
  })
}

function listenError(error: NodeJS.ErrnoException & { address?: string; port?: number }): Error {
  const place = error.port === undefined ? error.address : `${error.address}:${error.port}`
  if (error.code === 'EADDRINUSE') return new LedgerError('ADDRESS_IN_USE', `${place} is taken by another program`)
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return new LedgerError('ADDRESS_IN_USE', `${place ?? error.message} is not an address of this machine`)
  }
  if (error.code === 'EACCES') return new LedgerError('ADDRESS_IN_USE', `no permission to listen on ${place}`)
  return error
}
