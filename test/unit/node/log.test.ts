import * as assert from 'uvu/assert'
import { LedgerError } from '../../../src/base/errors.js'
import { createLogger, type LogLevel, silentLogger } from '../../../src/node/log.js'
import { suite } from '../../support/suite.js'

const test = suite('log')

function loggerTo(lines: string[], level: LogLevel, format: 'json' | 'pretty' = 'json') {
  return createLogger({ level, format, write: (line) => lines.push(line), now: () => 1_740_830_400_123 })
}

test('writes what is at least as urgent as its level', () => {
  const lines: string[] = []
  const log = loggerTo(lines, 'warn')
  log.error('a')
  log.warn('b')
  log.info('c')
  log.debug('d')
  assert.equal(
    lines.map((line) => JSON.parse(line).message),
    ['a', 'b']
  )
})

test('JSON: one object a line, with time, level and fields, of which none can pose as them', () => {
  const lines: string[] = []
  loggerTo(lines, 'info').child({ partner: 'p1' }).info('ready', { level: 'x', port: 7, big: 12n })
  assert.equal(lines, [
    '{"time":"2025-03-01T12:00:00.123Z","level":"info","message":"ready","partner":"p1","port":7,"big":"12"}\n'
  ])
})

test('pretty: one line, whatever is in it', () => {
  const lines: string[] = []
  loggerTo(lines, 'info', 'pretty').warn('odd\nline\u001b[2J', { text: 'a b', plain: 'x/y' })
  assert.equal(lines, ['12:00:00.123 warn  odd\\u000aline\\u001b[2J text="a b" plain=x/y\n'])
})

test('an error is its code and message, its stack only at debug', () => {
  const error = new LedgerError('DISK_FULL', 'no space', {}, new Error('ENOSPC'))
  const lines: string[] = []
  loggerTo(lines, 'info').error('x', { error })
  loggerTo(lines, 'debug').error('x', { error })
  const [short, long] = lines.map((line) => JSON.parse(line).error)
  assert.equal(short, { code: 'DISK_FULL', message: 'no space', cause: { code: 'Error', message: 'ENOSPC' } })
  assert.match(long.stack, /at /)
})

test('what cannot be written as JSON does not throw', () => {
  const circle: Record<string, unknown> = {}
  circle.self = circle
  const lines: string[] = []
  loggerTo(lines, 'info').info('x', { circle })
  assert.is(lines.length, 1)
  silentLogger.child({}).error('nothing')
})

test.run()
