import { createProgram, type Program } from '../command.js'
import type { Io } from '../context.js'
import { readVersion } from '../version.js'
import { amendCommand } from './amend.js'
import { amendmentsCommand } from './amendments.js'
import { appendCommand } from './append.js'
import { approveCommand } from './approve.js'
import { attachCommand } from './attach.js'
import { attachmentCommand } from './attachment.js'
import { attachmentsCommand } from './attachments.js'
import { blockCommand } from './block.js'
import { checkpointCommand } from './checkpoint.js'
import { evidenceCommand } from './evidence.js'
import { genesisCommand } from './genesis.js'
import { getCommand } from './get.js'
import { historyCommand } from './history.js'
import { invitationsCommand } from './invitations.js'
import { inviteCommand } from './invite.js'
import { listCommand } from './list.js'
import { modelCommand } from './model.js'
import { partnersCommand } from './partners.js'
import { proposalCommand } from './proposal.js'
import { proposalsCommand } from './proposals.js'
import { proposeCommand } from './propose.js'
import { receiptCommand } from './receipt.js'
import { rehearseCommand } from './rehearse.js'
import { revokeCommand } from './revoke.js'
import { ruleCommand } from './rule.js'
import { showCommand } from './show.js'
import { statusCommand } from './status.js'
import { verifyCommand } from './verify.js'
import { verifyEvidenceCommand } from './verify-evidence.js'
import { verifyReceiptCommand } from './verify-receipt.js'
import { voteCommand } from './vote.js'
import { watchCommand } from './watch.js'
import { withdrawCommand } from './withdraw.js'

const HELP = `
Examples:
  ledger append inspection visits.ndjson      write records, one JSON object a line
  ledger get inspection VH-001                the newest record of a vehicle
  ledger history inspection VH-001            all its records, oldest first
  ledger list inspection --where garage=north --json
  ledger append visit v.ndjson --attach report=report.pdf
                                              one record with a file
  ledger watch --since 0                      every record from the beginning, then as they come
  ledger invite south --role garage           a token with which another partner joins
  ledger propose suspend south                a change of the network, to be voted on
  ledger verify                               check the whole copy and run every rule again

Exit codes: 0 done, 1 anything else, 2 wrong usage, 3 some records refused, 4 not permitted, 5 no quorum in time,
6 verification failed, 7 not found. Data goes to stdout, everything else to stderr.`

/** The program behind bin/ledger: asks a node over the control socket of its home. */
export function ledgerProgram(io: Io): Program {
  const about = {
    name: 'ledger',
    description: 'Write records into a ledger that partners keep together, look them up, and prove them.',
    help: HELP
  }
  return createProgram(about, readVersion, io)
    .add(appendCommand)
    .add(amendCommand)
    .add(amendmentsCommand)
    .add(approveCommand)
    .add(getCommand)
    .add(historyCommand)
    .add(listCommand)
    .add(showCommand)
    .add(attachCommand)
    .add(attachmentCommand)
    .add(attachmentsCommand)
    .add(blockCommand)
    .add(watchCommand)
    .add(statusCommand)
    .add(partnersCommand)
    .add(inviteCommand)
    .add(invitationsCommand)
    .add(revokeCommand)
    .add(proposeCommand)
    .add(proposalsCommand)
    .add(proposalCommand)
    .add(voteCommand)
    .add(withdrawCommand)
    .add(genesisCommand)
    .add(modelCommand)
    .add(rehearseCommand)
    .add(ruleCommand)
    .add(verifyCommand)
    .add(receiptCommand)
    .add(checkpointCommand)
    .add(verifyReceiptCommand)
    .add(evidenceCommand)
    .add(verifyEvidenceCommand)
}
