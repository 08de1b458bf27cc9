import * as assert from 'uvu/assert'
import { ADDRESS_CHARS_MAX, ADDRESSES_MAX } from '../../../src/ledger/system-record.js'
import { tellableAddresses } from '../../../src/node/network/own-addresses.js'
import { suite } from '../../support/suite.js'

const test = suite('addresses that partners are told')

const near = ['/ip4/127.0.0.1/tcp/1', '/ip6/::1/tcp/1']
const far = (count: number): string[] => Array.from({ length: count }, (_, at) => `/ip4/10.0.0.${at + 1}/tcp/1`)

const cases: [name: string, all: readonly string[], told: readonly string[]][] = [
  ['none', [], []],
  ['few are told as they are', [...near, ...far(6)], [...near, ...far(6)]],
  ['of too many the loopback goes first', [...near, ...far(7)], [...far(7), near[0]!]],
  ['of many more the first are told', [...near, ...far(40)], far(ADDRESSES_MAX)],
  ['one that is too long is not', [`/dns4/${'a'.repeat(ADDRESS_CHARS_MAX)}/tcp/1`, ...far(1)], far(1)]
]

for (const [name, all, told] of cases) test(name, () => assert.equal(tellableAddresses(all), told))

test.run()
