import type { RehearsalRequest } from '../node/rehearsal-types.js'
import { jsonObjectOf, wrong } from './json-body.js'
import { refusalIn, requestLanguages } from './languages.js'
import { progressLines } from './progress-lines.js'
import { JSON_TYPE, NDJSON_TYPE, type Route, ref } from './route.js'
import { streamAnswer } from './streaming.js'

/** What another network file would have said of the records on the chain. */
export const rehearsalRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/rehearsals',
    operation: 'rehearse',
    summary: 'Judges every record on the chain again as if another network file had been in force from the beginning',
    description:
      'Changes nothing. One line for each record that would be judged otherwise, progress between them, and the report last.',
    body: { [JSON_TYPE]: ref('RehearsalRequest') },
    answers: {
      200: {
        description: 'Differences and progress, and the report last',
        content: { [NDJSON_TYPE]: ref('RehearsalLine') }
      }
    },
    errors: ['NETWORK_FILE', 'NOT_FOUND'],
    handle: (context, request, reply) => {
      const { node } = context
      const wanted = readRequest(request.body)
      const languages = requestLanguages(request)
      const form = { contentType: NDJSON_TYPE, failure: (error: string) => `${error}\n` }
      return streamAnswer(context, request, reply, form, async ({ writer, signal }) => {
        const report = await node.rehearse(wanted, {
          signal,
          onProgress: progressLines(writer),
          async onDifference(found) {
            const difference = { ...found, refusal: refusalIn(languages, found.refusal) }
            if (!writer.write(`${JSON.stringify({ difference })}\n`)) await writer.room()
          }
        })
        writer.write(`${JSON.stringify({ report })}\n`)
      })
    }
  }
]

/** @throws LedgerError USAGE with the member to blame */
function readRequest(body: unknown): RehearsalRequest {
  const { network, proposal, ...others } = jsonObjectOf(body)
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw wrong(unknown, 'is unknown; there are network and proposal')
  if ((network === undefined) === (proposal === undefined)) {
    throw wrong('network', 'or a proposal must be given, one of the two')
  }
  if (network === undefined) {
    if (typeof proposal === 'string') return { proposal }
    throw wrong('proposal', 'must be the id of one')
  }
  if (typeof network === 'object' && network !== null && !Array.isArray(network)) return { network }
  throw wrong('network', 'must be a network file as JSON')
}
