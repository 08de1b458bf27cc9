import type { DifferenceKind } from '../../ledger/difference-class.js'
import type { ProposalView } from '../../node/ledger-node.js'
import type { RehearsalView } from '../../node/rehearsal-types.js'
import { pairs, plain, type Style, shortHash, styled, timeText } from '../text.js'
import { rehearsalLines } from './rehearsal-text.js'

/** Explains itself to people who have to decide: what would change, who has voted, what is still needed, and what to do. */
export function proposalText(proposal: ProposalView, color: boolean): string {
  const { id, by, reason, votes, difference, expires, opened, rehearsal } = proposal
  // In a network of version 1 partners agree without a proposal.
  const isRecord = !id.startsWith('version-')
  const rows: [string, string][] = [
    ...(isRecord
      ? [
          ['proposal', plain(id)] as [string, string],
          ['made by', `${plain(by)} in block ${opened}`] as [string, string]
        ]
      : []),
    ...(reason === '' ? [] : [['reason', plain(reason)] as [string, string]]),
    ['state', stateText(proposal, color)],
    ...(proposal.state === 'open' && isRecord ? [['expires', timeText(expires)] as [string, string]] : [])
  ]
  const changes = difference.map(({ member, before, after, kind, why }) => {
    const meaning = kind === undefined ? '' : `\n      ${kindText(kind, color)}: ${plain(why ?? '')}`
    return `    ${plain(member)}: ${partText(before)} -> ${partText(after)}${meaning}`
  })
  if (proposal.differenceLeftOut > 0) changes.push(`    and ${proposal.differenceLeftOut} more`)
  const rehearsed = (view: RehearsalView): string[] => rehearsalLines(id, view).map((line) => `    ${line}`)
  const said = votes.map(({ partner, vote, reason, height }) => {
    return `    ${plain(partner)}: ${vote}${isRecord ? ` (block ${height})` : ''}${reason === '' ? '' : `: ${plain(reason)}`}`
  })
  const lines = [
    styled(color, 'bold', whatText(proposal)),
    pairs(rows, '  '),
    '  what would change',
    ...changes,
    ...(rehearsal === undefined ? [] : ['  on the records of the chain', ...rehearsed(rehearsal)]),
    '  votes',
    ...(said.length === 0 ? ['    none'] : said),
    ...supportLines(proposal)
  ]
  if (proposal.state === 'open') {
    lines.push(
      isRecord ? `  vote with: ledger vote ${plain(id)} yes|no` : `  agree with: ledger propose ${whatText(proposal)}`
    )
  }
  return `${lines.join('\n')}\n`
}

/** `suspend south`, or of a network file its kind and hash, or of a version its number. */
export function whatText({ kind, change }: Pick<ProposalView, 'kind' | 'change'>): string {
  return `${kind} ${subjectOf(change)}`
}

function subjectOf(change: ProposalView['change']): string {
  if (change.kind === 'version') return String(change.version)
  return change.kind === 'model' ? shortHash(change.model) : plain(change.partner)
}

const KINDS: Readonly<Record<DifferenceKind, readonly [words: string, style: Style]>> = {
  compatible: ['compatible', 'green'],
  care: ['needs care', 'yellow'],
  breaking: ['breaking', 'red']
}

function kindText(kind: DifferenceKind, color: boolean): string {
  const [words, style] = KINDS[kind]
  return styled(color, style, words)
}

function partText(value: string | null): string {
  return value === null ? '(none)' : plain(value)
}

function supportLines({ support, change }: ProposalView): string[] {
  if (support === undefined || change.kind !== 'version') return []
  const lines = support.map(({ partner, software, version }) => {
    if (version === null) return `    ${plain(partner)}: has not said`
    const lacks = version < change.version ? ': NOT YET' : ''
    return `    ${plain(partner)}: versions up to ${version} (${plain(software ?? '')})${lacks}`
  })
  return ['  what the nodes support', ...lines]
}

/** Its state, and what that means for those who read it. */
function stateText(proposal: ProposalView, color: boolean): string {
  const { state, effectiveHeight, closed } = proposal
  switch (state) {
    case 'open':
      return styled(color, 'yellow', `open: ${progressText(proposal)}`)
    case 'passed':
      return styled(color, 'green', `passed in block ${closed}, in force from block ${effectiveHeight} on`)
    case 'enacted':
      return styled(color, 'green', `enacted: in force from block ${effectiveHeight} on`)
    case 'stale':
      return styled(
        color,
        'red',
        'stale: what it rests on was changed meanwhile; propose it again if it is still wanted'
      )
    default:
      return styled(color, 'red', closed === null ? state : `${state} in block ${closed}`)
  }
}

/** `2 of 3 yes, 0 no; not yet: north, south` */
export function progressText({
  yes,
  no,
  needed,
  waiting
}: Pick<ProposalView, 'yes' | 'no' | 'needed' | 'waiting'>): string {
  const rest = waiting.length === 0 ? '' : `; not yet: ${waiting.map(plain).join(', ')}`
  return `${yes} of ${needed} yes, ${no} no${rest}`
}
