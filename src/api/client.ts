import type { IncomingMessage, RequestOptions } from 'node:http'
import { LedgerError, type Refusal } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { parseJson } from '../base/json-names.js'
import type { Language } from '../base/languages.js'
import type { AmendmentState } from '../ledger/amendment-state.js'
import { isAttachmentHash } from '../ledger/attachment.js'
import type { AmendmentView, ApprovalOptions, ListedAmendment } from '../node/amendment-types.js'
import type { AttachmentView, ListedAttachment } from '../node/attachment-types.js'
import type {
  AppendOptions,
  AppendOutcome,
  InvitationState,
  InvitationView,
  InviteOptions,
  ListedEvidence,
  ListedRecord,
  ListOptions,
  ModelView,
  NodeStatus,
  PartnerView,
  ProposalOptions,
  ProposalView,
  RecordView,
  ShownProposalState,
  VerifyReport,
  VoteOptions
} from '../node/ledger-node.js'
import type {
  RehearsalDifference,
  RehearsalOptions,
  RehearsalReport,
  RehearsalRequest
} from '../node/rehearsal-types.js'
import type { ErrorBody } from './errors.js'
import { answerOf, errorOf, isErrorBody, readChunks, readLines, readText, remembering, unreachable } from './request.js'

/** A committed record of the change feed with its event id, from which the feed can be taken up again. */
export type Change = RecordView & { readonly event: string }

export interface ApiClient {
  status(): Promise<NodeStatus>
  partners(): Promise<readonly PartnerView[]>
  /** The canonical text, with a newline. */
  genesis(): Promise<string>
  model(): Promise<ModelView>
  checkpoint(): Promise<JsonObject>
  block(height: number): Promise<JsonObject>
  show(recordId: string): Promise<RecordView>
  /** The canonical text, with a newline. */
  receipt(recordId: string): Promise<string>
  get(object: string, key: readonly Json[]): Promise<RecordView>
  /** All of it, oldest first, in constant memory. */
  history(object: string, key: readonly Json[], options: { all?: boolean }): AsyncIterable<ListedRecord>
  list(object: string, options: ListOptions): AsyncIterable<ListedRecord>
  /** All of it, oldest first, in constant memory. @param options.proof each with its receipt */
  evidence(options: { proof?: boolean }): AsyncIterable<ListedEvidence>
  check(object: string, text: string): Promise<Refusal | null>
  /** Puts a file in. */
  putAttachment(chunks: AsyncIterable<Uint8Array>): Promise<{ readonly hash: string; readonly bytes: number }>
  /**
   * The content of a file, to be checked by its hash: it is cut short when it turns out not to be good.
   * @param options.again fetch it also when it was removed at the node
   */
  attachment(hash: string, options: { readonly again?: boolean }): AsyncIterable<Uint8Array>
  aboutAttachment(hash: string): Promise<AttachmentView>
  /** All that are held, in constant memory. */
  attachments(): AsyncIterable<ListedAttachment>
  removeAttachment(hash: string): Promise<void>
  /** Streams chunks out and outcomes in at the same time, no faster than either side goes. */
  append(object: string, chunks: AsyncIterable<Uint8Array>, options: AppendOptions): AsyncIterable<AppendOutcome>
  /** Ends when the node stops. */
  changes(options: { since?: string; object?: string; signal?: AbortSignal }): AsyncIterable<Change>
  /** Makes an invitation; the token is a secret of whoever is invited. */
  invite(request: InviteOptions): Promise<{ readonly token: string; readonly addresses: readonly string[] }>
  /** All that the node made, oldest first, in constant memory. */
  invitations(options: { readonly state?: InvitationState }): AsyncIterable<InvitationView>
  /** Settles once the chain holds the revocation. @param key of the invitation */
  revoke(key: string): Promise<void>
  propose(request: ProposalOptions): Promise<ProposalView>
  vote(id: string, request: VoteOptions): Promise<ProposalView>
  withdraw(id: string): Promise<ProposalView>
  proposal(id: string): Promise<ProposalView>
  /** All of them, oldest first, in constant memory. */
  proposals(options: { readonly state?: ShownProposalState }): AsyncIterable<ProposalView>
  /** Appends a record that amends another one. @throws LedgerError with what refuses it */
  amend(id: string, request: { readonly data: JsonObject; readonly reason: string }): Promise<AppendOutcome>
  /** All of them, in constant memory. */
  amendments(options: { readonly state?: AmendmentState }): AsyncIterable<ListedAmendment>
  approve(id: string, request: ApprovalOptions): Promise<AmendmentView>
  /** Waits for `onDifference` before it reads on. */
  rehearse(request: RehearsalRequest, options: RehearsalOptions): Promise<RehearsalReport>
  verify(options: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void }): Promise<VerifyReport>
}

/** Records asked for at once where all are wanted. */
const HISTORY_PAGE = 1000

/**
 * A client of the API on a control socket. Errors of the node come as the LedgerErrors they are there; NODE_UNREACHABLE
 * when nobody answers or the connection breaks.
 * @param socketPath path of the control socket
 * @param language asked for in what people read; null: whatever there is
 */
export function createClient(socketPath: string, language: Language | null = null): ApiClient {
  const asked = language === null ? {} : { 'accept-language': language }
  const open = (options: RequestOptions, chunks?: AsyncIterable<Uint8Array>): Promise<IncomingMessage> =>
    answerOf(socketPath, { ...options, headers: { ...options.headers, ...asked } }, chunks)
  const text = async (path: string): Promise<string> => readText(await open({ path }), socketPath)
  const json = async <T>(path: string): Promise<T> => parseJson(await text(path)) as T
  async function* lines<T>(options: LineOptions): AsyncGenerator<T> {
    const { chunks, signal, ...request } = options
    const headers = { ...request.headers, accept: 'application/x-ndjson' }
    const input = chunks === undefined ? undefined : remembering(chunks)
    try {
      const response = await open({ ...request, headers, ...(signal === undefined ? {} : { signal }) }, input?.chunks)
      for await (const line of readLines(response, socketPath)) {
        const value = parseJson(line) as T | ErrorBody
        if (isErrorBody(value)) throw errorOf(value)
        yield value
      }
    } catch (error) {
      if (signal?.aborted) return
      // An input that failed cuts the connection; what failed is the input.
      throw input?.failure() ?? error
    }
  }

  /** All items of a list, one page after the other. */
  async function* pages<T extends Cursor>(path: string, query: QueryMembers): AsyncGenerator<T> {
    let after: string | undefined
    for (;;) {
      let count = 0
      for await (const item of lines<T>({ path: `${path}${queryOf({ limit: HISTORY_PAGE, after, ...query })}` })) {
        yield item
        after = item.cursor
        count += 1
      }
      if (count < HISTORY_PAGE) return
    }
  }
  async function post<T>(path: string, request: JsonObject): Promise<T> {
    const headers = { 'content-type': 'application/json' }
    const body = oneChunk(new TextEncoder().encode(JSON.stringify(request)))
    return parseJson(await readText(await open({ method: 'POST', path, headers }, body), socketPath)) as T
  }

  return {
    status: () => json('/v1/status'),
    partners: async () => (await json<{ items: PartnerView[] }>('/v1/partners')).items,
    genesis: () => text('/v1/genesis'),
    model: () => json('/v1/model'),
    checkpoint: () => json('/v1/checkpoint'),
    block: (height) => json(`/v1/blocks/${height}`),
    show: async (recordId) => json(`/v1/records/${recordPath(recordId)}`),
    receipt: async (recordId) => text(`/v1/receipts/${recordPath(recordId)}`),
    get: (object, key) => json(keyPath(object, key)),
    history: (object, key, { all }) => pages<ListedRecord>(`${keyPath(object, key)}/history`, { all }),
    evidence: ({ proof }) => pages<ListedEvidence>('/v1/evidence', { proof }),
    list(object, { where, limit, after, history }) {
      const conditions = Object.entries(where ?? {}).map(([field, value]) => `${field}=${value}`)
      const query = queryOf({ where: conditions, limit, after, history })
      return lines({ path: `${objectPath(object)}/records${query}` })
    },
    async check(object, record) {
      const headers = { 'content-type': 'application/json' }
      const path = `${objectPath(object)}/check`
      const response = await open({ method: 'POST', path, headers }, oneChunk(new TextEncoder().encode(record)))
      const verdict = parseJson(await readText(response, socketPath)) as { ok: boolean; refusal?: Refusal }
      return verdict.refusal ?? null
    },
    async putAttachment(chunks) {
      const headers = { 'content-type': 'application/octet-stream' }
      const input = remembering(chunks)
      try {
        const response = await open({ method: 'PUT', path: '/v1/attachments', headers }, input.chunks)
        return JSON.parse(await readText(response, socketPath)) as { hash: string; bytes: number }
      } catch (error) {
        throw input.failure() ?? error
      }
    },
    async *attachment(hash, { again }) {
      const response = await open({ path: `${attachmentPath(hash)}${queryOf({ again })}` })
      yield* readChunks(response, socketPath)
    },
    aboutAttachment: async (hash) => json(`${attachmentPath(hash)}/about`),
    attachments: () => pages<ListedAttachment>('/v1/attachments', {}),
    async removeAttachment(hash) {
      await readText(await open({ method: 'DELETE', path: attachmentPath(hash) }), socketPath)
    },
    append(object, chunks, { timeoutMs, keyField, signal }) {
      const headers = { 'content-type': 'application/x-ndjson' }
      const path = `${objectPath(object)}/records${queryOf({ timeout: timeoutMs, keyField })}`
      return lines({ method: 'POST', path, headers, chunks, signal })
    },
    changes({ since, object, signal }) {
      return lines({ path: `/v1/changes${queryOf({ since, object })}`, signal })
    },
    invite: (request) => post('/v1/invitations', { ...request }),
    propose: ({ change, ...request }) => post('/v1/proposals', { ...(change as unknown as JsonObject), ...request }),
    vote(id, { yes, ...request }) {
      return post(`${proposalPath(id)}/votes`, { vote: yes ? 'yes' : 'no', ...request })
    },
    async withdraw(id) {
      const response = await open({ method: 'DELETE', path: proposalPath(id) })
      return parseJson(await readText(response, socketPath)) as unknown as ProposalView
    },
    proposal: async (id) => json(proposalPath(id)),
    proposals: ({ state }) => pages<ProposalView & Cursor>('/v1/proposals', { state }),
    amend: async (id, request) => post(`/v1/records/${recordPath(id)}/amendments`, request),
    amendments: ({ state }) => pages<ListedAmendment>('/v1/amendments', { state }),
    async approve(id, { yes, ...request }) {
      return post(`/v1/amendments/${recordPath(id)}/votes`, { vote: yes ? 'yes' : 'no', ...request })
    },
    invitations: ({ state }) => pages<InvitationView & Cursor>('/v1/invitations', { state }),
    async revoke(key) {
      const path = `/v1/invitations/${encodeURIComponent(key)}`
      await readText(await open({ method: 'DELETE', path }), socketPath)
    },
    async rehearse(request, { signal, onProgress, onDifference }) {
      const headers = { 'content-type': 'application/json' }
      const chunks = oneChunk(new TextEncoder().encode(JSON.stringify(request)))
      const options = { method: 'POST', path: '/v1/rehearsals', headers, chunks, signal }
      for await (const line of lines<RehearsalLine>(options)) {
        if ('report' in line) return line.report
        if ('difference' in line) await onDifference?.(line.difference)
        else onProgress?.(line.progress.done, line.progress.total)
      }
      throw unreachable(socketPath, 'the node stopped before the rehearsal was done')
    },
    async verify({ signal, onProgress }) {
      for await (const line of lines<VerifyLine>({ method: 'POST', path: '/v1/verify', signal })) {
        if ('report' in line) return line.report
        onProgress?.(line.progress.done, line.progress.total)
      }
      throw unreachable(socketPath, 'the node stopped before the verification was done')
    }
  }
}

interface LineOptions {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly chunks?: AsyncIterable<Uint8Array>
  /** Aborting ends the lines. */
  readonly signal?: AbortSignal | undefined
}

interface Cursor {
  readonly cursor: string
}

type QueryMembers = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

type RehearsalLine =
  | { progress: { done: number; total: number } }
  | { difference: RehearsalDifference }
  | { report: RehearsalReport }

type VerifyLine = { progress: { done: number; total: number } } | { report: VerifyReport }

function objectPath(object: string): string {
  return `/v1/objects/${encodeURIComponent(object)}`
}

function keyPath(object: string, key: readonly Json[]): string {
  return `${objectPath(object)}/keys/${encodeURIComponent(JSON.stringify(key))}`
}

/** @throws LedgerError USAGE when it is no record id: PARTNER/SEQUENCE/INDEX */
function recordPath(recordId: string): string {
  if (/^[a-z][a-z0-9-]*\/[0-9]{1,16}\/[0-9]{1,16}$/.test(recordId)) return recordId
  throw new LedgerError('USAGE', `'${recordId}' is not a record id; one looks like dealer-a/3/0`)
}

/** @throws LedgerError USAGE when it is no hash of a file */
function attachmentPath(hash: string): string {
  if (isAttachmentHash(hash)) return `/v1/attachments/${hash}`
  throw new LedgerError('USAGE', `'${hash}' is no hash of a file; one has 64 hex digits in lower case`)
}

/** @throws LedgerError USAGE, as {@link recordPath} */
function proposalPath(id: string): string {
  return `/v1/proposals/${recordPath(id)}`
}

function queryOf(members: QueryMembers): string {
  const pairs = Object.entries(members).flatMap(([name, value]) => {
    if (value === undefined || value === false) return []
    const values = Array.isArray(value) ? (value as readonly string[]) : [String(value)]
    return values.map((one) => `${name}=${encodeURIComponent(one)}`)
  })
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

async function* oneChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk
}
