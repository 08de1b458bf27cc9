import { accept, type Outcome, refuse } from '../base/errors.js'
import type { AmendedProof, Receipt } from './receipt.js'
import type { AmendedStatement, ReceiptStatement } from './verify-receipt.js'

/**
 * Verifies what a receipt tells of amendments of its record: each is an accepted record that amends the one before it, and what
 * approved it an accepted yes to it. Whether the network file asks for approval no receipt shows.
 * @param verify one receipt on its own
 */
export function verifyAmended(
  { recordId }: ReceiptStatement,
  proofs: readonly AmendedProof[],
  verify: (receipt: Receipt) => Outcome<ReceiptStatement>
): Outcome<readonly AmendedStatement[]> {
  const found: AmendedStatement[] = []
  let before = recordId
  for (const { amendment: proof, approval } of proofs) {
    const amendment = verify(proof)
    if (!amendment.ok) return failed(`the amendment of ${before}: ${amendment.refusal.message}`)
    const { amends, status, recordId: id, author, data, height } = amendment.value
    if (status !== 'accepted' || amends?.record !== before) return failed(`${id} does not amend ${before}`)
    const approved = approval === undefined ? null : verify(approval)
    if (approved?.ok === false) return failed(`the approval of ${id}: ${approved.refusal.message}`)
    if (approved !== null && !isApproval(approved.value, id))
      return failed(`${approved.value.recordId} does not approve of ${id}`)
    const approvedBy = approved === null ? {} : { approvedBy: approved.value.author }
    found.push({ recordId: id, author, reason: amends.reason, data, height, ...approvedBy })
    before = id
  }
  return accept(found)
}

function isApproval({ object, status, data }: ReceiptStatement, id: string): boolean {
  return object === '_approve' && status === 'accepted' && data.amendment === id && data.yes === true
}

function failed(problem: string): Outcome<never> {
  return refuse('VERIFICATION_FAILED', problem)
}
