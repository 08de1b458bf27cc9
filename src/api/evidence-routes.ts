import { after, flag, isOn, limit, type PageQuery, sendPages } from './pages.js'
import { JSON_TYPE, NDJSON_TYPE, type Route, ref } from './route.js'

/** Items taken from the node in one go: with its proof each may be large. */
const ITEMS_TOGETHER = 20

/** Lies of partners that stand on the chain. */
export const evidenceRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/evidence',
    operation: 'evidence',
    summary: 'What partners signed twice with different content, in the order it came onto the chain',
    query: {
      limit,
      after,
      proof: { ...flag, description: 'Each with the receipt that verify-evidence needs' }
    },
    answers: {
      200: {
        description: 'Items; one a line when NDJSON is asked for',
        content: { [JSON_TYPE]: ref('EvidencePage'), [NDJSON_TYPE]: ref('ListedEvidence') }
      }
    },
    handle: (context, request, reply) => {
      const { proof } = request.query as PageQuery & { proof?: string }
      const take = (page: { limit: number; after?: string }) => context.node.evidence({ ...page, proof: isOn(proof) })
      return sendPages(context, request, reply, take, ITEMS_TOGETHER)
    }
  }
]
