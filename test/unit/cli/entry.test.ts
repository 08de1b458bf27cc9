import { spawn } from 'node:child_process'
import * as assert from 'uvu/assert'
import { projectRoot } from '../../support/source.js'
import { suite } from '../../support/suite.js'

const test = suite('what nobody caught')

/** Runs a program that throws this from a timer, and ends with 0 a moment later. */
function thrown(error: string): Promise<{ code: number | null; stderr: string }> {
  const source = `
    import { runAsProcess } from './src/cli/entry.ts'
    const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
    await runAsProcess(() => ({ async main() {
      setTimeout(() => { throw Object.assign(new Error('it is closed'), { name: '${error}' }) }, 5)
      await later(100)
      return 0
    } }))`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], { cwd: projectRoot })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stderr })))
}

test('a connection that ends while it is written to ends nothing else', async () => {
  const { code, stderr } = await thrown('StreamStateError')
  assert.equal([code, stderr.includes('"why":"it is closed"')], [0, true], stderr)
})

test('anything else ends the process with a code', async () => {
  const { code, stderr } = await thrown('TypeError')
  assert.equal([code, /^INTERNAL: /.test(stderr)], [1, true], stderr)
})

test.run()
