import { PassThrough } from 'node:stream'
import * as assert from 'uvu/assert'
import { generateSeed, publicKeyOf } from '../../../src/base/crypto.js'
import { LedgerError } from '../../../src/base/errors.js'
import { keyText } from '../../../src/base/keys.js'
import type { Io } from '../../../src/cli/context.js'
import { createUnlock } from '../../../src/cli/ledger-node/passphrase.js'
import { askSecret, isAskable } from '../../../src/cli/prompt.js'
import { lockSeed } from '../../../src/node/store/key-lock.js'
import { suite } from '../../support/suite.js'

const test = suite('cli prompt', { timeoutMs: 30_000 })

const CHEAP = { N: 1024, r: 8, p: 1 }

/** A terminal at which nobody sits yet. */
function terminal() {
  const modes: boolean[] = []
  const shown: string[] = []
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (raw: boolean) => modes.push(raw) })
  const stderr = Object.assign(new PassThrough(), { isTTY: true })
  stderr.on('data', (piece) => shown.push(String(piece)))
  const io: Pick<Io, 'stdin' | 'stderr'> = { stdin, stderr }
  return { io, type: (text: string | Uint8Array) => stdin.write(text), end: () => stdin.end(), modes, shown }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'none',
    (error: unknown) => (error instanceof LedgerError ? error.code : String(error))
  )
}

test('what is typed is not shown, and the terminal is as it was afterwards', async () => {
  const { io, type, modes, shown } = terminal()
  const asked = askSecret(io, 'Passphrase: ')
  type('open ')
  type('sesame\r')
  assert.is(await asked, 'open sesame')
  assert.equal(modes, [true, false])
  assert.is(shown.join(''), 'Passphrase: \n')
  assert.is((io.stdin as PassThrough).isPaused(), true)
})

test('it is asked a second time on the same terminal', async () => {
  const { io, type } = terminal()
  const first = askSecret(io, '1: ')
  type('one\n')
  assert.is(await first, 'one')
  const second = askSecret(io, '2: ')
  type('two\n')
  assert.is(await second, 'two')
})

test('erasing and characters of several bytes', async () => {
  for (const [typed, line] of [
    ['ab\u007fc\n', 'ac'],
    ['ab\bc\n', 'ac'],
    ['\u007f\u007fa\n', 'a'],
    ['wrong\u0015right\n', 'right'],
    ['r\u00e9\u{1f512}\u007f!\n', 'r\u00e9!'],
    ['\n', '']
  ] as const) {
    const { io, type } = terminal()
    const asked = askSecret(io, '')
    for (const byte of Buffer.from(typed)) type(Uint8Array.of(byte))
    assert.is(await asked, line)
  }
  const { io, type } = terminal()
  const asked = askSecret(io, '')
  type(`${'x'.repeat(100_000)}\n`)
  assert.is((await asked).length, 4096)
})

test('it is broken off by Ctrl-C, Ctrl-D, the end of the input, and a stop', async () => {
  for (const key of ['\u0003', '\u0004']) {
    const { io, type, modes } = terminal()
    const asked = codeOf(askSecret(io, ''))
    type(`half${key}`)
    assert.is(await asked, 'PASSPHRASE_NEEDED')
    assert.equal(modes, [true, false])
  }
  const ended = terminal()
  const atEnd = codeOf(askSecret(ended.io, ''))
  ended.end()
  assert.is(await atEnd, 'PASSPHRASE_NEEDED')

  const { io, modes } = terminal()
  const stop = new AbortController()
  const stopped = codeOf(askSecret(io, '', stop.signal))
  stop.abort()
  assert.is(await stopped, 'CLOSED')
  assert.equal(modes, [true, false])
  assert.is(await codeOf(askSecret(io, '', stop.signal)), 'CLOSED')
})

test('only a terminal is asked', () => {
  assert.ok(isAskable(terminal().io))
  const { io } = terminal()
  assert.not.ok(isAskable({ stdin: Object.assign(io.stdin, { isTTY: false }) }))
  assert.not.ok(isAskable({ stdin: Object.assign(new PassThrough(), { isTTY: true }) }))
})

test('a passphrase is typed once for all keys of a process', async () => {
  const { io, type, shown } = terminal()
  const seeds = [generateSeed(), generateSeed(), generateSeed()] as const
  const lock = (seed: Uint8Array, words: string) => lockSeed(keyText(publicKeyOf(seed)), seed, words, CHEAP)
  const unlock = createUnlock({ io, file: null })
  const opening = unlock(await lock(seeds[0], 'the right words'), '/home/key')
  type('the wrong words\r')
  while (!shown.join('').includes('try again')) await new Promise((resolve) => setTimeout(resolve, 5))
  type('the right words\r')
  assert.equal((await opening).seed, seeds[0])
  const asked = shown.join('')
  assert.equal((await unlock(await lock(seeds[1], 'the right words'), '/home/key.next')).seed, seeds[1])
  assert.is(await codeOf(unlock(await lock(seeds[2], 'other words'), '/home/key.next')), 'PASSPHRASE_WRONG')
  assert.is(shown.join(''), asked, 'nobody is asked while the node runs')
})

test.run()
