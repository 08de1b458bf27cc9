import { chmod, readFile, stat } from 'node:fs/promises'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { founding, INSPECTIONS } from '../support/inspections.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('life of a node', { timeoutMs: 40_000 })

function statusOf(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    }).on('error', reject)
  })
}

test('init founds: key, genesis, configuration; and only once', async () => {
  await withSandbox(async ({ file, home, ledgerNode }) => {
    const network = await file('network.yaml', INSPECTIONS)
    const { code, stdout, stderr } = await ledgerNode(['init', ...founding(network), '--name', 'Garage One', '--json'])
    assert.is(code, 0, stderr)
    const [founded] = ndjson(stdout)
    assert.is(founded?.partner, 'p1')
    assert.match(String(founded?.genesis), /^[0-9a-f]{64}$/)
    assert.match(String(founded?.key), /^12D3KooW/)
    assert.is((await stat(join(home, 'key'))).mode & 0o777, 0o600)
    assert.is((await stat(home)).mode & 0o777, 0o700)
    assert.match(await readFile(join(home, 'config.yaml'), 'utf8'), '# listen:')
    const again = await ledgerNode(['init', ...founding(network)])
    assert.is(again.code, 1)
    assert.match(again.stderr, /^ALREADY_FOUNDED: .*\n.*\n$/)
  })
})

test('start founds an empty home, says it is ready, and the same line starts it again', async () => {
  await withSandbox(async ({ file, home, start, ledger, ledgerNode }) => {
    const network = await file('network.yaml', INSPECTIONS)
    const line = [...founding(network), '--http', '127.0.0.1:0']
    const first = await start(line)
    assert.is(first.ready.event, 'ready')
    assert.is(first.ready.partner, 'p1')
    assert.is(first.ready.state, 'active')
    assert.is(first.ready.socket, join(home, 'control.sock'))
    assert.match(first.ready.listen[0] ?? '', /^\/ip4\/127\.0\.0\.1\/tcp\/[0-9]+\/p2p\/12D3KooW/)
    assert.is((await stat(first.ready.socket)).mode & 0o777, 0o600)
    assert.is(await statusOf(`http://${first.ready.http}/health/ready`), 200)
    assert.is(await statusOf(`http://${first.ready.http}/v1/status`), 401)

    const second = await ledgerNode(['start'])
    assert.is(second.code, 1)
    assert.match(second.stderr, 'HOME_LOCKED: ')
    assert.is(await first.stop(), 0)
    assert.is((await ledger(['status'])).code, 1)

    const restarted = await start(line)
    assert.equal(restarted.ready, first.ready)
    assert.is(await restarted.stop('SIGINT'), 0)
    const plain = await start()
    assert.equal(plain.ready.listen, first.ready.listen)
    assert.is(plain.ready.http, null)
    assert.is(await plain.stop(), 0)
  })
})

test('a founded home refuses another network, partner or role', async () => {
  await withSandbox(async ({ file, ledgerNode }) => {
    const network = await file('network.yaml', INSPECTIONS)
    assert.is((await ledgerNode(['init', ...founding(network)])).code, 0)
    const other = await file('other.yaml', INSPECTIONS.replace('minimum: 0', 'minimum: 1'))
    const lines: [args: string[], what: RegExp][] = [
      [founding(other), /another network/],
      [['--network', network, '--partner', 'p2', '--role', 'inspector'], /another partner: p1/],
      [['--network', network, '--partner', 'p1', '--role', 'auditor'], /another role: inspector/]
    ]
    for (const [args, what] of lines) {
      const { code, stderr } = await ledgerNode(['start', ...args])
      assert.is(code, 1)
      assert.match(stderr, /^ALREADY_FOUNDED: /)
      assert.match(stderr, what)
    }
  })
})

test('mistakes of a start are told by name, in two lines', async () => {
  await withSandbox(async ({ file, home, ledgerNode }) => {
    const empty = await ledgerNode(['start'])
    assert.is(empty.code, 1)
    assert.match(empty.stderr, /^NOT_FOUNDED: .*\n.*ledger-node init.*\n$/)

    const wrong = await file('wrong.yaml', INSPECTIONS.replace('quorum: two-thirds', 'quorum: most'))
    const mistaken = await ledgerNode(['start', ...founding(wrong)])
    assert.is(mistaken.code, 2)
    assert.match(mistaken.stderr, /^NETWORK_FILE: .*wrong\.yaml:4:/)
    const missing = await ledgerNode(['init', ...founding(join(home, 'none.yaml'))])
    assert.is(missing.code, 2)
    assert.match(missing.stderr, /^USAGE: cannot read the network file/)

    const network = await file('network.yaml', INSPECTIONS)
    const long = await ledgerNode(['init', ...founding(network), '--home', join(home, 'x'.repeat(90))])
    assert.is(long.code, 2)
    assert.match(long.stderr, /^HOME_PATH_TOO_LONG: .*control\.sock/)
    const role = await ledgerNode(['init', '--network', network, '--partner', 'p1', '--role', 'king'])
    assert.is(role.code, 2)
    assert.match(role.stderr, /king.*inspector/)

    assert.is((await ledgerNode(['init', ...founding(network)])).code, 0)
    await file('home/config.yaml', 'logLevel: info\nlistn: []\n')
    const config = await ledgerNode(['start'])
    assert.is(config.code, 2)
    assert.match(config.stderr, /^CONFIG: .*config\.yaml:2: unknown member 'listn'/)
  })
})

test('a loose key file and a taken port keep it from starting', async () => {
  await withSandbox(async ({ file, home, ledgerNode, start }) => {
    const network = await file('network.yaml', INSPECTIONS)
    assert.is((await ledgerNode(['init', ...founding(network)])).code, 0)
    await chmod(join(home, 'key'), 0o644)
    const loose = await ledgerNode(['start'])
    assert.is(loose.code, 1)
    assert.match(loose.stderr, /KEY_FILE: /)
    await chmod(join(home, 'key'), 0o600)

    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    try {
      for (const args of [
        ['--http', `127.0.0.1:${port}`],
        ['--listen', `/ip4/127.0.0.1/tcp/${port}`]
      ]) {
        const taken = await ledgerNode(['start', ...args])
        assert.is(taken.code, 1)
        assert.match(taken.stderr, new RegExp(`ADDRESS_IN_USE: .*${port}`))
      }
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
    assert.is(await (await start()).stop(), 0)
  })
})

test('kill -9 leaves a socket behind, and nothing else in the way', async () => {
  await withSandbox(async ({ file, start, ledger }) => {
    const network = await file('network.yaml', INSPECTIONS)
    const node = await start(founding(network))
    const { stdout } = await ledger(['append', 'inspection', '--json'], '{"vehicle":"A","odometer":1}\n')
    assert.is(ndjson(stdout)[0]?.status, 'accepted')
    assert.is(await node.stop('SIGKILL'), 'SIGKILL')
    const again = await start()
    assert.is((await ledger(['get', 'inspection', 'A'])).code, 0)
    assert.is(await again.stop(), 0)
  })
})

test('a stop ends an open pipe and a watch in an orderly way', async () => {
  await withSandbox(async ({ file, start, ledger }) => {
    const network = await file('network.yaml', INSPECTIONS)
    const node = await start(founding(network))
    await ledger(['append', 'note'], '{"visit":"1"}\n')
    const watching = ledger(['watch', '--since', '0', '--json'])
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    const started = performance.now()
    assert.is(await node.stop(), 0)
    assert.ok(performance.now() - started < 3000)
    const { code, stdout, stderr } = await watching
    assert.is(code, 1)
    assert.is(ndjson(stdout).length, 1)
    assert.match(stderr, /^CLOSED: /)
  })
})

test.run()
