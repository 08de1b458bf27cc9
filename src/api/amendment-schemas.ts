import type { JsonObject } from '../base/json.js'
import { AMENDMENT_STATES } from '../node/amendment-types.js'

/** What a record says of its amendment, for the schemas of the API; all of it may be absent. */
export const amendedMembers: JsonObject = {
  amends: {
    type: 'object',
    description: 'Of an amendment: the record that it amends, and why',
    required: ['reason', 'record'],
    properties: { reason: { type: 'string' }, record: { type: 'string' } }
  },
  amendment: { enum: [...AMENDMENT_STATES], description: "Of an amendment that needs another's word" },
  amendedBy: { type: 'string', description: 'Id of the record that amends this one' }
}

export const amendmentVotes: JsonObject = {
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
