import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { projectRoot } from '../support/source.js'
import { skipUnless, suite } from '../support/suite.js'

interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What npm prints when it could not reach its registry, which is no fault of the package. */
const NO_REGISTRY = /ENOTFOUND|ENOTCACHED|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT/

const test = suite('the packed package', { timeoutMs: 4 * 60_000 })

const scratch = mkdtempSync(join(tmpdir(), 'ledger-pack-'))
const prefix = join(scratch, 'prefix')
const packageDirectory = join(prefix, 'lib/node_modules/partner-ledger')
/** The home directory of the user; the home of the node is below it. */
const userHome = join(scratch, 'user')
const nodeHome = join(userHome, 'node')
let installed = false
let running: ChildProcess | undefined

test.before(() => {
  for (const directory of [prefix, userHome]) mkdirSync(directory)
})
test.after(() => {
  running?.kill('SIGKILL')
  rmSync(scratch, { recursive: true, force: true })
})

test('holds the programs, what they need, and nothing else', async () => {
  assert.ok(existsSync(join(projectRoot, 'dist/cli/ledger.js')), 'not built: run npm run build')
  // The build is there already; building again would take it away from tests that run beside this one.
  const packed = await npm(['pack', '--ignore-scripts', '--json', '--pack-destination', scratch], projectRoot)
  assert.is(packed.code, 0, packed.stderr)
  const paths = packedPaths(JSON.parse(packed.stdout))
  for (const path of ['package.json', 'LICENSE', 'README.md', 'CHANGELOG.md', 'bin/ledger.js', 'bin/ledger-node.js']) {
    assert.ok(paths.includes(path), `${path} is missing`)
  }
  for (const pattern of [/^dist\/cli\/ledger\.js$/, /^dist\/cli\/ledger-node\.js$/, /^config\/networks\/.*\.yaml$/]) {
    assert.ok(
      paths.some((path) => pattern.test(path)),
      `${pattern} is missing`
    )
  }
  const alien = paths.filter((path) => !/^(?:bin|dist|config|docs)\/|^[A-Za-z.-]+$/.test(path))
  assert.equal(alien, [])
})

test('installs into an empty prefix with an empty home and without install scripts', async () => {
  const tarball = readdirSync(scratch).find((name) => name.endsWith('.tgz'))
  assert.ok(tarball, 'no tarball was made')
  const args = ['install', '-g', '--prefix', prefix, '--ignore-scripts', '--omit=dev', '--prefer-offline', '--no-audit']
  // Another prefix would take another global configuration with it, and with that the way to the registry.
  const { stdout: globalConfig } = await npm(['config', 'get', 'globalconfig'], scratch)
  const global = `--globalconfig=${globalConfig.trim()}`
  const result = await npm([...args, global, '--no-fund', join(scratch, tarball!)], scratch)
  skipUnless(result.code === 0 || !NO_REGISTRY.test(result.stderr), 'the npm registry cannot be reached')
  assert.is(result.code, 0, result.stderr)
  for (const name of ['ledger', 'ledger-node']) {
    const help = await run(join(prefix, 'bin', name), ['--help'])
    assert.is(help.code, 0, help.stderr)
    assert.match(help.stdout, name)
  }
  installed = true
})

test('founds a network from its own example', async () => {
  skipUnless(installed, 'the package is not installed')
  const network = exampleNetwork()
  const role = founderRole(network)
  const flags = ['--home', nodeHome, '--network', network, '--partner', 'p1', '--role', role]
  const init = await run(join(prefix, 'bin/ledger-node'), ['init', ...flags, '--name', 'Partner One', '--json'])
  assert.is(init.code, 0, init.stderr)
  assert.is(init.stdout.trim().split('\n').length, 1, init.stdout)
  assert.type(JSON.parse(init.stdout), 'object')

  const files = readdirSync(nodeHome, { recursive: true, encoding: 'utf8' })
  assert.ok(files.includes('config.yaml'), files.join(' '))
  const secret = files.filter((name) => /key/i.test(name) && statSync(join(nodeHome, name)).isFile())
  assert.ok(secret.length > 0, `no key file among ${files.join(' ')}`)
  for (const name of secret) assert.is(statSync(join(nodeHome, name)).mode & 0o077, 0, `${name} is readable by others`)

  const verify = await run(join(prefix, 'bin/ledger'), ['verify', '--home', nodeHome])
  assert.is(verify.code, 0, verify.stderr)
})

test('runs what it founded and stops when told', async () => {
  skipUnless(installed, 'the package is not installed')
  const flags = ['start', '--home', nodeHome, '--listen', '/ip4/127.0.0.1/tcp/0']
  const node = spawn(join(prefix, 'bin/ledger-node'), flags, { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
  running = node
  const complaints: string[] = []
  node.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text))
  const ended = once(node, 'exit')
  const lines = createInterface({ input: node.stdout })
  const [line] = (await Promise.race([once(lines, 'line'), ended.then(() => ['(it ended)'])])) as [string]
  assert.match(line, /"event":"ready"/, complaints.join(''))

  const status = await run(join(prefix, 'bin/ledger'), ['status', '--home', nodeHome, '--json'])
  assert.is(status.code, 0, status.stderr)
  assert.is(JSON.parse(status.stdout).partner.id, 'p1')

  node.kill('SIGTERM')
  const [code] = await ended
  assert.is(code, 0, complaints.join(''))
})

/** npm has answered with a list of packages, and lately with an object of them. */
function packedPaths(answer: unknown): string[] {
  const [packed] = Object.values(answer as Record<string, { files: { path: string }[] }>)
  return packed!.files.map(({ path }) => path)
}

function exampleNetwork(): string {
  const directory = join(packageDirectory, 'config/networks')
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'))
  assert.ok(names.length > 0, 'no example network was packed')
  return join(directory, names.sort()[0]!)
}

/** A role of the network that may govern, as its founder must. */
function founderRole(network: string): string {
  const roles: Record<string, { govern?: boolean }> = parse(readFileSync(network, 'utf8')).roles
  const [role] = Object.entries(roles).find(([, { govern }]) => govern === true) ?? []
  assert.ok(role, `no role of ${network} governs`)
  return role!
}

/** The settings of npm are those of the machine; of everything else the user has none yet. */
function environment(more: Record<string, string | undefined> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(?:npm_|LEDGER_|XDG_|NODE_OPTIONS$)/i.test(name))
  return { ...Object.fromEntries(own), HOME: userHome, ...more }
}

async function npm(args: readonly string[], cwd: string): Promise<Finished> {
  const setting = async (name: string) => (await finish('npm', ['config', 'get', name], scratch)).stdout.trim()
  const settings = { npm_config_cache: await setting('cache'), npm_config_userconfig: await setting('userconfig') }
  return finish('npm', args, cwd, environment(settings))
}

function run(program: string, args: readonly string[]): Promise<Finished> {
  return finish(program, args, scratch, environment())
}

function finish(program: string, args: readonly string[], cwd: string, env = process.env): Promise<Finished> {
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((settle, fail) => {
    child.on('error', fail).on('close', (code) => settle({ code, stdout, stderr }))
  })
}

test.run()
