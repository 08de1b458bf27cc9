import type { NodeStatus } from '../node/ledger-node.js'
import { JSON_TYPE, type Route, ref, sendJson } from './route.js'

const health = { [JSON_TYPE]: ref('Health') }

/** What supervisors and load balancers ask. */
export const healthRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/health/live',
    operation: 'live',
    summary: 'Whether the process answers',
    open: true,
    answers: { 200: { description: 'It does', content: health } },
    handle: (_context, _request, reply) => sendJson(reply, { ok: true })
  },
  {
    method: 'GET',
    path: '/health/ready',
    operation: 'ready',
    summary: 'Whether the node takes part: in step, and records can be committed',
    open: true,
    answers: {
      200: { description: 'It does', content: health },
      503: { description: 'Not now, and why', content: health }
    },
    handle: ({ status }, _request, reply) => {
      const why = whyNotReady(status())
      return why === null ? sendJson(reply, { ok: true }) : sendJson(reply, { ok: false, why }, 503)
    }
  }
]

/** Says no more than that it is not ready and why in a word: it is answered without a token. */
function whyNotReady(status: NodeStatus): string | null {
  if (status.partner.state !== 'active') return `this partner is ${status.partner.state}`
  if (status.syncing) return 'syncing'
  // A batch that is set aside holds up its author alone.
  const causes = status.stalled?.causes ?? []
  const isAside = causes.length > 0 && causes.every(({ code }) => code === 'set-aside')
  return status.stalled === null || isAside ? null : 'stalled'
}
