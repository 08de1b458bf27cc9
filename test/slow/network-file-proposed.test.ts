import * as assert from 'uvu/assert'
import type { ModelView, ProposalView } from '../../src/node/ledger-node.js'
import { INSPECTIONS } from '../support/inspections.js'
import { network, type Partner, sameChain, until, verifyAll } from '../support/partners.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('another network file', { timeoutMs: 150_000 })

const LIMITED = INSPECTIONS.replace(
  '  note:\n    title: Note',
  `      - id: odometer-is-real
        expr: record.odometer < 1000
        message: "odometer {record.odometer} is too high"
  note:
    title: Remark`
).replace('quorum: two-thirds', 'quorum: two-thirds\nthresholds: { suspend: all }')

async function modelOf({ client }: Partner): Promise<ModelView> {
  return await client.model()
}

test('a file is proposed, shown with what is different, voted on, and in force everywhere', async () => {
  await withSandbox(async (sandbox) => {
    const partners = (await network(sandbox, 3)) as [Partner, Partner, Partner]
    const [p1, p2, p3] = partners
    const first = await modelOf(p1)
    assert.equal([first.from, first.next], [0, null])
    const broken = await sandbox.file('broken.yaml', LIMITED.replace('record.odometer < 1000', 'record.mileage < 1000'))
    const wrong = await p1.ledger(['propose', 'model', broken])
    assert.is(wrong.code, 2)
    assert.match(wrong.stderr, /NETWORK_FILE: .*broken.yaml:\d+:\d+: .*has no field mileage\n {2}-> /)
    const same = await p1.ledger(['propose', 'model', await sandbox.file('same.yaml', INSPECTIONS), '--force'])
    assert.is(same.code, 4)
    assert.match(same.stderr, /NOT_PERMITTED: it is the network file that is decided on already/)
    const long = `        long: { type: string, description: "${'x'.repeat(140_000)}" }\n`
    const large = await sandbox.file('large.yaml', INSPECTIONS.replace('        garage:', `${long}        garage:`))
    const tooLarge = await p1.ledger(['propose', 'model', large])
    assert.is(tooLarge.code, 3, tooLarge.stderr)
    assert.match(tooLarge.stderr, /TOO_LARGE: the proposal takes 14\d+ bytes as a record, .* takes up to 131072/)
    const missing = await p1.ledger(['propose', 'model', 'nowhere.yaml'])
    assert.is(missing.code, 2)

    const file = await sandbox.file('limited.yaml', LIMITED)
    const shown = await p1.ledger(['propose', 'model', file, '--reason', 'odd odometers', '--force'])
    assert.is(shown.code, 0, shown.stderr)
    assert.match(shown.stdout, /^model [0-9a-f]{16}\n/)
    assert.match(shown.stdout, /objects.inspection.rules.odometer-is-real.expr: \(none\) -> record.odometer < 1000\n/)
    assert.match(shown.stdout, /objects.note.title: Note -> Remark\n/)
    assert.match(shown.stdout, /thresholds.suspend: \(none\) -> all\n/)
    const id = /proposal +(\S+)/.exec(shown.stdout)?.[1] ?? ''
    const [open] = ndjson<ProposalView>((await p2.ledger(['proposal', id, '--json'])).stdout)
    assert.is(open?.needed, 3, 'the threshold that the file sets is the strictest that it touches')
    assert.is(open?.difference.length, 4)
    assert.is((await p2.ledger(['vote', id, 'yes', '--force'])).code, 0)
    const [passed] = ndjson<ProposalView>((await p3.ledger(['vote', id, 'yes', '--force', '--json'])).stdout)
    assert.is(passed?.effectiveHeight, passed!.closed! + 2)
    for (const partner of partners) {
      await until(`${partner.id} has the new file`, async () => (await modelOf(partner)).hash !== first.hash)
      const { from, next, network } = await modelOf(partner)
      assert.equal([from, next, network.objects.note?.title], [passed?.effectiveHeight, null, 'Remark'])
    }
    assert.match((await p2.ledger(['model'])).stdout, new RegExp(`from block ${passed?.effectiveHeight} on`))
    const refused = await p2.ledger(['append', 'inspection', '--json'], '{"vehicle":"A","odometer":1000}\n')
    assert.is(refused.code, 3)
    assert.match(refused.stdout, /"rule":"odometer-is-real"/)
    assert.is((await p3.ledger(['append', 'inspection'], '{"vehicle":"A","odometer":999}\n')).code, 0)
    await p2.node().stop()
    await p2.again()
    assert.is((await modelOf(p2)).from, passed?.effectiveHeight)
    await sameChain(partners)
    await verifyAll(partners)
    await p3.node().stop()
    assert.is((await p3.ledger(['verify'])).code, 0, 'a stopped home is verified too')
  })
})

test.run()
