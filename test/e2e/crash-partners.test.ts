import { crashInPipe } from '../support/crash-pipe.js'
import { withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('kill -9 among partners', { timeoutMs: 200_000 })

test('proposer and appender in a pipe: nothing acknowledged is lost or doubled, copies are equal', async () => {
  await withSandbox(async (sandbox) => {
    await crashInPipe(sandbox, {
      records: 8_000,
      killAfter: [
        { outcomes: 1_500, victim: 'proposer' },
        { outcomes: 4_000, victim: 'appender' }
      ]
    })
  })
})

test.run()
