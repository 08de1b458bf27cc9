import { crashInPipe } from '../support/crash-pipe.js'
import { withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('kill -9 among partners, 100,000 records', { timeoutMs: 15 * 60_000 })

test('proposer and appender in a pipe: nothing acknowledged is lost or doubled, copies are equal', async () => {
  await withSandbox(async (sandbox) => {
    await crashInPipe(sandbox, {
      records: 100_000,
      killAfter: [
        { outcomes: 1, victim: 'appender' },
        { outcomes: 20_000, victim: 'proposer' },
        { outcomes: 40_000, victim: 'appender' },
        { outcomes: 60_037, victim: 'proposer' },
        { outcomes: 85_000, victim: 'appender' }
      ]
    })
  })
})

test.run()
