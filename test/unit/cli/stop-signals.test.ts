import { EventEmitter } from 'node:events'
import { Readable, Writable } from 'node:stream'
import * as assert from 'uvu/assert'
import type { Io } from '../../../src/cli/context.js'
import { onStopSignals } from '../../../src/cli/ledger-node/stop-signals.js'
import { silentLogger } from '../../../src/node/log.js'
import { suite } from '../../support/suite.js'

const test = suite('stop signals')

function surroundings() {
  const signals = new EventEmitter()
  const exits: number[] = []
  const io: Io = {
    env: {},
    stdin: Readable.from([]),
    stdout: new Writable(),
    stderr: new Writable(),
    signals,
    exit(code) {
      exits.push(code)
      throw new Error('ended')
    }
  }
  return { signals, exits, io }
}

test('the first asks to stop, the second ends at once', () => {
  const { signals, exits, io } = surroundings()
  const stop = onStopSignals(io, silentLogger)
  assert.is(stop.signal.aborted, false)
  signals.emit('SIGTERM')
  assert.is(stop.signal.aborted, true)
  assert.equal(exits, [])
  assert.throws(() => signals.emit('SIGINT'), /ended/)
  assert.equal(exits, [130])
  assert.throws(() => signals.emit('SIGTERM'), /ended/)
  assert.equal(exits, [130, 143])
})

test('listens no longer than it has to', () => {
  const { signals, io } = surroundings()
  onStopSignals(io, silentLogger).release()
  assert.equal([signals.listenerCount('SIGINT'), signals.listenerCount('SIGTERM')], [0, 0])
})

test.run()
