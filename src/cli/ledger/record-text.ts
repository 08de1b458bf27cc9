import type { Refusal } from '../../base/errors.js'
import type { AmendmentVoteView } from '../../node/amendment-types.js'
import type { RecordView } from '../../node/ledger-node.js'
import { blameText, fieldsText, outline, pairs, plain, styled, timeText, valueText } from '../text.js'
import { progressText } from './proposal-text.js'

/** A record as a block of text for people. */
export function recordText(record: RecordView, color: boolean): string {
  const key = record.key.map(valueText).join(' ')
  const head = styled(color, 'bold', `${plain(record.object)} ${key}`.trimEnd())
  const rows: [string, string][] = [
    ['record', plain(record.id)],
    ['written by', plain(record.author)],
    ['status', statusText(record, color)],
    ...(record.unique === undefined ? [] : [['unique', valueText(record.unique)] as [string, string]]),
    ...amendmentRows(record),
    ...(record.refusal === undefined ? [] : [['refused', refusalText(record.refusal)] as [string, string]])
  ]
  const todo = record.tally === undefined ? '' : `  approve with: ledger approve ${plain(record.id)} yes|no\n`
  return `${head}\n${pairs(rows, '  ')}\n  data\n${outline(record.data, '    ')}\n${todo}`
}

function amendmentRows({ amends, amendment, votes = [], tally, amendedBy }: RecordView): [string, string][] {
  const rows: [string, string][] = []
  if (amends !== undefined) rows.push(['amends', `${plain(amends.record)}: ${plain(amends.reason)}`])
  if (amendment !== undefined)
    rows.push(['approval', `${amendment}${tally === undefined ? '' : `: ${progressText(tally)}`}`])
  for (const [index, vote] of votes.entries()) rows.push([index === 0 ? 'votes' : '', voteText(vote)])
  if (amendedBy !== undefined) rows.push(['amended by', plain(amendedBy)])
  return rows
}

/** `north yes (seen)` */
export function voteText({ partner, vote, reason }: AmendmentVoteView): string {
  return `${plain(partner)} ${vote}${reason === '' ? '' : ` (${plain(reason)})`}`
}

function statusText({ status, height, time }: RecordView, color: boolean): string {
  const place = height === undefined ? '' : ` in block ${height}${time === undefined ? '' : `, ${timeText(time)}`}`
  if (status === 'pending') return styled(color, 'yellow', 'pending: stored, and commits when the quorum is back')
  return styled(color, status === 'accepted' ? 'green' : 'red', status) + place
}

/** `RULE_BROKEN odometer 9 is lower than 10 (rule odometer-never-decreases; right is record.odometer >= 10)` */
export function refusalText(refusal: Refusal): string {
  return `${refusal.code} ${plain(refusal.message)}${blameText(refusal.message, refusal)}`
}

export const RECORD_COLUMNS = ['BLOCK', 'TIME', 'RECORD', 'KEY', 'DATA']

/** The cells of a record in a table with {@link RECORD_COLUMNS}. */
export function recordCells(record: RecordView): string[] {
  const { height, time, id, key, data, refusal, status } = record
  const notes = amendmentRows(record).map(([name, text]) => `${name.toUpperCase()} ${text}; `)
  const verdict =
    refusal === undefined ? (status === 'accepted' ? '' : `${status} `) : `REFUSED ${refusalText(refusal)} `
  return [
    height === undefined ? '-' : String(height),
    time === undefined ? '-' : timeText(time),
    plain(id),
    key.length === 0 ? '-' : key.map(valueText).join(' '),
    verdict + notes.join('') + fieldsText(data)
  ]
}
