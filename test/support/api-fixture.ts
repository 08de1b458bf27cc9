import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ApiOptions, type RunningApi, startApi } from '../../src/api/api.js'
import { type ApiClient, createClient } from '../../src/api/client.js'
import { type Logger, silentLogger } from '../../src/node/log.js'
import { createFakeNode, type FakeNode } from './fake-node.js'

export interface ApiFixture {
  readonly home: string
  readonly socket: string
  readonly node: FakeNode
  readonly api: RunningApi
  readonly client: ApiClient
}

/** Serves a fake node on a control socket in a directory of its own while `work` runs. */
export async function withApi(
  work: (fixture: ApiFixture) => Promise<void>,
  options: Pick<ApiOptions, 'http' | 'heartbeatMs' | 'times'> & { readonly log?: Logger } = {}
): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'ledger-api-'))
  const socket = join(home, 'control.sock')
  const node = createFakeNode()
  const api = await startApi({ node, socket, version: '1.2.3', log: silentLogger, ...options })
  try {
    await work({ home, socket, node, api, client: createClient(socket) })
  } finally {
    await api.close()
    await rm(home, { recursive: true, force: true })
  }
}

/** Chunks from texts, one after the other. */
export async function* chunksOf(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield new TextEncoder().encode(text)
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
