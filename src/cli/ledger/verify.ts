import { Command } from 'commander'
import type { ApiClient } from '../../api/client.js'
import { LedgerError } from '../../base/errors.js'
import type { NodeStatus, VerifyReport } from '../../node/ledger-node.js'
import type { CommandSpec } from '../command.js'
import type { Context } from '../context.js'
import { EXIT } from '../failure.js'
import { count, plain, styled } from '../text.js'
import { createBlockProgress } from './block-progress.js'
import { connect } from './connect.js'

const HELP = `
Reads every block, certificate, record and state value of this copy, checks every hash and signature, and runs every rule
again. A running node is asked to do it; on a stopped home this command does it itself. Exit code 6 when something fails,
with the first block that does and why.

Examples:
  ledger verify
  ledger verify --home /mnt/backup/ledger
  ledger verify --json`

export const verifyCommand: CommandSpec<Record<string, never>> = {
  define: () => new Command('verify').description('check the whole copy of the chain').addHelpText('after', HELP),

  read: () => ({}),

  async run(context) {
    const report = await verifyAnyHow(context)
    context.out.write(context.json ? `${JSON.stringify(report)}\n` : reportText(report, context.color))
    return report.ok ? EXIT.done : EXIT.verificationFailed
  }
}

async function verifyAnyHow(context: Context): Promise<VerifyReport> {
  const progress = createBlockProgress(context, 'verifying')
  try {
    const client = connect(context)
    const status = await statusOrNull(client)
    if (status !== null) return await verifyRunning(client, status, progress.show)
    const { verifyHome } = await import('../../node/verify-home.js')
    return await verifyHome({ home: context.home, onProgress: progress.show })
  } finally {
    progress.clear()
  }
}

/** Null when no node answers. */
async function statusOrNull(client: ApiClient): Promise<NodeStatus | null> {
  try {
    return await client.status()
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'NODE_UNREACHABLE') return null
    throw error
  }
}

/** A value that cannot be read fails the verification like one that is wrong. */
async function verifyRunning(
  client: ApiClient,
  status: NodeStatus,
  onProgress: (done: number, total: number) => void
): Promise<VerifyReport> {
  try {
    return await client.verify({ onProgress })
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'STORE_DAMAGED') throw error
    return { ok: false, height: 0, records: 0, head: status.head, failure: { height: null, reason: error.message } }
  }
}

function reportText({ ok, height, records, head, failure }: VerifyReport, color: boolean): string {
  if (ok) {
    const what = `${count(records, 'record')} in ${count(height, 'block')}`
    return `${styled(color, 'green', 'verified')}: ${what}; head ${plain(head)}\n`
  }
  const place = failure?.height === null || failure === undefined ? '' : ` at block ${failure.height}`
  return `${styled(color, 'red', 'FAILED')}${place}: ${plain(failure?.reason ?? 'no reason given')}\n`
}
