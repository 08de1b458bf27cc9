import type { RehearsalReport, RehearsalView } from '../../node/rehearsal-types.js'
import { count, plain } from '../text.js'

/** `3 of 1,204 records up to block 88 would have been refused` */
export function rehearsalSummary({ height, records, refused, accepted }: Omit<RehearsalReport, 'groups'>): string {
  const of = `of ${count(records, 'record')} up to block ${height}`
  const more = accepted === 0 ? '' : `, and ${accepted} that were refused would have been accepted`
  return `${refused === 0 ? 'none' : refused.toLocaleString('en-US')} ${of} would have been refused${more}`
}

/** Lines of a proposal about what its network file would have said of the records on the chain. */
export function rehearsalLines(id: string, view: RehearsalView): string[] {
  switch (view.state) {
    case 'waiting':
      return ['not begun yet']
    case 'running':
      return [`under way: block ${view.done} of ${view.total}`]
    case 'failed':
      return [`failed: ${plain(view.why)}; try it again with: ledger rehearse --proposal ${plain(id)}`]
    case 'done':
      return [
        rehearsalSummary(view),
        ...view.groups.map(({ verdict, partner, object, code, rule, count: number }) => {
          return `  ${count(number, 'record')} of ${plain(partner)} (${plain(object)}) would be ${verdict}: ${rule === null ? code : plain(rule)}`
        }),
        ...(view.groups.length === 0 ? [] : [`all of them: ledger rehearse --proposal ${plain(id)}`])
      ]
  }
}
