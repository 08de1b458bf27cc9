import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as assert from 'uvu/assert'
import { projectRoot } from '../../support/source.js'
import { suite } from '../../support/suite.js'

const test = suite('scripts whose reader goes away')

test('a list that nobody reads to its end ends quietly', async () => {
  const program = ['--import', 'tsx', 'scripts/planted.ts', '--list']
  const child = spawn(process.execPath, program, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code] = await once(child, 'close')
  assert.equal([code, stderr], [0, ''])
})

test.run()
