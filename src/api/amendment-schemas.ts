import type { JsonObject } from '../base/json.js'
import { AMENDMENT_STATES } from '../node/amendment-types.js'

const votes: JsonObject = {
  type: 'array',
  description: 'The newest word of each partner',
  items: {
    type: 'object',
    required: ['height', 'partner', 'reason', 'vote'],
    properties: {
      height: { type: 'integer', minimum: 0 },
      partner: { type: 'string' },
      reason: { type: 'string' },
      vote: { enum: ['yes', 'no'] }
    }
  }
}

const tally: JsonObject = {
  type: 'object',
  description: 'Of one that waits: words for and against it, how many for it are enough, and who has not said one',
  required: ['yes', 'no', 'needed', 'waiting'],
  properties: {
    yes: { type: 'integer', minimum: 0 },
    no: { type: 'integer', minimum: 0 },
    needed: { type: 'integer', minimum: 1 },
    waiting: { type: 'array', items: { type: 'string' } }
  }
}

/** What a record says of its amendment, for the schemas of the API; all of it may be absent. */
export const amendedMembers: JsonObject = {
  amends: {
    type: 'object',
    description: 'Of an amendment: the record that it amends, and why',
    required: ['reason', 'record'],
    properties: { reason: { type: 'string' }, record: { type: 'string' } }
  },
  amendment: { enum: [...AMENDMENT_STATES], description: "Of an amendment that needs another's word" },
  votes,
  tally,
  amendedBy: { type: 'string', description: 'Id of the record that amends this one' }
}
