/** Runs one attack until its standard input ends: `node --import tsx hostile-process.ts NAME TARGET`, the target as JSON. */
import { ATTACKS } from './hostile-peer.js'
import { USER_ATTACKS } from './hostile-users.js'

const [name = '', json = '{}'] = process.argv.slice(2)
const { seed, ...target } = JSON.parse(json)
const attack = ATTACKS[name] ?? USER_ATTACKS[name]?.attack
if (attack === undefined) throw new Error(`there is no attack '${name}'`)
const stop = new AbortController()
process.stdin.on('end', () => stop.abort()).resume()
// Whatever breaks here, the attack goes on: it is the target that has to last.
process.on('unhandledRejection', () => {}).on('uncaughtException', () => {})
process.stdout.write('ready\n')
while (!stop.signal.aborted) {
  await attack({ ...target, seed: Buffer.from(seed, 'hex') }, stop.signal).catch(() => {})
}
process.exit(0)
