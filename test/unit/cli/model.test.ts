import * as assert from 'uvu/assert'
import { modelText } from '../../../src/cli/ledger/model.js'
import { FAKE_NETWORK } from '../../support/fake-node.js'
import { suite } from '../../support/suite.js'

const test = suite('ledger model')

test('tells former names of fields, and what was removed', () => {
  const network = structuredClone(FAKE_NETWORK)
  const [name = ''] = Object.keys(network.objects)
  Object.assign(network.objects[name]!, { aliases: { km: 'odometer' }, removed: ['colour', 'size'] })
  const text = modelText({ hash: 'h', network: { ...network, removed: ['lorry'] }, from: 0, next: null }, false)
  assert.match(text, /\n {2}alias {3}km {2}odometer now\n {2}removed colour, size\n/)
  assert.match(text, /^removed +lorry$/m)
})

test.run()
