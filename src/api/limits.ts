/** Bounds of the HTTP API. Bytes, milliseconds or counts, as the names say. */

/** Connections at once, for the control socket and for TCP each. */
export const CONNECTIONS_MAX = 256

/** Request line and headers together. A key in a path must fit. */
export const HEADER_BYTES_MAX = 16 * 1024

/** One parameter of a path, decoded: a key is written there as JSON. */
export const PATH_PARAMETER_LENGTH_MAX = 12 * 1024

/** A body that is read whole (one record). A pipe of records has no such bound: it is never held whole. */
export const BODY_BYTES_MAX = 1024 * 1024

/** Until the headers of a request have arrived. */
export const HEADERS_TIMEOUT_MS = 10_000

/** Until a body that is read whole has arrived. A pipe may be idle for as long as it likes. */
export const BODY_TIMEOUT_MS = 30_000

/** How long nothing may come of a file that is being put in. */
export const UPLOAD_STALL_MS = 30_000

/** An idle connection between two requests. */
export const KEEP_ALIVE_TIMEOUT_MS = 5_000

/** How often it is looked whether headers are late. */
export const HEADERS_CHECK_MS = 5_000

/** How long a request may take to come, milliseconds each. */
export interface RequestTimes {
  readonly headersTimeoutMs: number
  readonly headersCheckMs: number
  readonly bodyTimeoutMs: number
}

export const REQUEST_TIMES: RequestTimes = {
  headersTimeoutMs: HEADERS_TIMEOUT_MS,
  headersCheckMs: HEADERS_CHECK_MS,
  bodyTimeoutMs: BODY_TIMEOUT_MS
}

/** On TCP: how long a reader may take nothing of an answer before its connection is closed. */
export const READER_STALL_MS = 60_000

/** How long the rest of a request that was answered early is still read, so that its sender gets to see the answer. */
export const LINGER_MS = 2_000

/** How long open answers may take to end when the API closes. */
export const CLOSE_GRACE_MS = 1_000

/** Silence on a change feed after which a heartbeat is sent. */
export const HEARTBEAT_MS = 15_000

/** Shortest time between two progress lines of a verification. */
export const PROGRESS_INTERVAL_MS = 100

/** Records of a list or history: default and most in one answer. */
export const LIST_DEFAULT = 50
export const LIST_MAX = 100_000

/** Records taken from the node in one go; between two goes other work gets its turn. */
export const PAGE_RECORDS = 200

/** Longest wait for a quorum that an append may ask for. */
export const APPEND_TIMEOUT_MS_MAX = 24 * 60 * 60 * 1000

/** Longest path of a Unix socket: 108 bytes with its end on Linux, 104 on macOS. */
export const SOCKET_PATH_BYTES_MAX = 100

/** How long an invitation may hold. */
export const INVITATION_MS_MIN = 1
export const INVITATION_MS_DEFAULT = 7 * 24 * 60 * 60 * 1000
export const INVITATION_MS_MAX = 365 * 24 * 60 * 60 * 1000

/** How long a proposal may be open. */
export const PROPOSAL_MS_DEFAULT = 30 * 24 * 60 * 60 * 1000
export const PROPOSAL_MS_MAX = 365 * 24 * 60 * 60 * 1000
