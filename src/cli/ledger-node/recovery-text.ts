import { type Recovery, recoveryHash } from '../../ledger/recovery.js'

/** What a recovery does, for people: who is cut off, who must sign, and what nobody can check for them. */
export function recoveryInWords({ document, signatures }: Recovery): string {
  const { epoch, genesis, head, height, lost, signers } = document
  const signed = signatures.map(({ signer }) => signer)
  const missing = signers.filter((id) => !signed.includes(id))
  return [
    `Recovery to epoch ${epoch} of the network ${genesis}`,
    '',
    `  It begins behind block ${height}, ${head}.`,
    `  Lost, and suspended by it: ${listed(lost)}`,
    `  Survivors, all of whom must sign: ${listed(signers)}`,
    `  Signed so far: ${listed(signed)}; missing: ${listed(missing)}`,
    '',
    `  Of the ${signers.length + lost.length} partners named, ${signers.length} go on. What the lost ones decided behind block ${height}, and nobody here has,`,
    '  is orphaned: it stands in no block of the new epoch.',
    '',
    '  Nobody can check that the lost ones are lost. Should they be alive and go on without you, there are two networks',
    '  for ever. Talk to every partner you can reach, lost or not, before you sign. It cannot be taken back.',
    '',
    `  Hash, to be compared by voice with every signer: ${recoveryHash(document)}`,
    ''
  ].join('\n')
}

function listed(ids: readonly string[]): string {
  return ids.length === 0 ? 'nobody' : ids.join(', ')
}
