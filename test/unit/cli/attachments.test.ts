import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { LedgerError, type Refusal } from '../../../src/base/errors.js'
import { parseConfig } from '../../../src/cli/config.js'
import { type FieldFile, gatherFieldFile } from '../../../src/cli/ledger/append-attach.js'
import { ledgerProgram } from '../../../src/cli/ledger/program.js'
import { withApi } from '../../support/api-fixture.js'
import { hashOf } from '../../support/attachment-home.js'
import { type CliResult, runProgram } from '../../support/cli-run.js'
import type { FakeNode } from '../../support/fake-node.js'
import { suite } from '../../support/suite.js'

const test = suite('attachments on the command line')

interface Fixture {
  /** Words that begin with `@` are paths in the folder of the files. */
  run(line: string, stdin?: string): Promise<CliResult>
  readonly node: FakeNode
  readonly folder: string
}

async function withFiles(work: (fixture: Fixture) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-files-'))
  try {
    await writeFile(join(folder, 'report.pdf'), 'a report')
    await writeFile(join(folder, 'front.JPG'), 'front')
    await writeFile(join(folder, 'odd.xyz'), '')
    await withApi(async ({ home, node }) => {
      const run: Fixture['run'] = (line, stdin = '') => {
        const argv = line.split(' ').map((word) => word.replace('@', `${folder}/`))
        return runProgram(ledgerProgram, ['--home', home, ...argv], { stdin })
      }
      await work({ run, node, folder })
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const REPORT = { bytes: 8, hash: hashOf('a report'), name: 'report.pdf', type: 'application/pdf' }
const FRONT = { bytes: 5, hash: hashOf('front'), name: 'front.JPG', type: 'image/jpeg' }

test('attach puts a file in and prints what a record says of it', async () => {
  await withFiles(async ({ run, node }) => {
    const { code, stdout } = await run('attach @report.pdf')
    assert.is(code, 0)
    assert.is(stdout, `${JSON.stringify(REPORT)}\n`)
    assert.is(node.attachments.about(REPORT.hash).bytes, 8)
    assert.equal(JSON.parse((await run('attach @front.JPG --json')).stdout), FRONT)
    assert.is(JSON.parse((await run('attach @odd.xyz')).stdout).type, 'application/octet-stream')
    const other = JSON.parse((await run('attach @odd.xyz --type image/png --name scan.png')).stdout)
    assert.equal([other.type, other.name], ['image/png', 'scan.png'])
  })
})

const mistakes: [line: string, message: RegExp][] = [
  ['attach @missing.pdf', /cannot read .*missing.pdf/],
  ['attach @', /directory|file/],
  ['attach @report.pdf --name a/b', /the name of .* must be the name of a file/],
  ['attach @report.pdf --type PDF', /no media type/],
  ['attachment abc', /is no hash of a file/],
  [`attachment ${REPORT.hash} --remove -o @x`, /stands alone/],
  [`attachment ${REPORT.hash} --again`, /needs -o/],
  [`attachment ${REPORT.hash} --force`, /--force needs -o/],
  [`attachment ${REPORT.hash} --force --remove`, /stands alone/],
  ['append note --attach report', /not FIELD=FILE/],
  ['append note --attach =@report.pdf', /not FIELD=FILE/],
  ['append note --attach a=@report.pdf --attach a=@front.JPG', /two files are given for a/],
  ['append note --attach a[]=@report.pdf --attach a=@front.JPG', /two files are given for a/],
  ['append note --attach report=@missing.pdf', /cannot read .*missing.pdf/]
]

for (const [line, message] of mistakes) {
  test(`wrong usage: ${line}`, async () => {
    await withFiles(async ({ run, node }) => {
      const { code, stdout, stderr } = await run(line, '{"text":"x"}')
      assert.is(code, 2, stderr)
      assert.is(stdout, '')
      assert.match(stderr, message)
      assert.equal(await node.attachments.list({}), [])
    })
  })
}

test('append --attach fills the fields of one record in, and leaves its numbers as they were written', async () => {
  await withFiles(async ({ run, node }) => {
    const line =
      'append note --json --attach report=@report.pdf --attach photos[]=@front.JPG --attach photos[]=@report.pdf'
    const { code, stdout, stderr } = await run(line, '\n {"text":"x"} \n')
    assert.is(stderr, '')
    assert.is(code, 0)
    const { id, line: place } = JSON.parse(stdout)
    assert.is(place, 2)
    assert.equal(node.show(id)?.data, { text: 'x', report: REPORT, photos: [FRONT, REPORT] })
    assert.is((await node.attachments.list({})).length, 2)
    const empty = JSON.parse((await run('append note --json --attach report=@report.pdf', '{}')).stdout)
    assert.equal(node.show(empty.id)?.data, { report: REPORT })
  })
})

const notOne: [stdin: string, code: number, message: RegExp][] = [
  ['{"text":"x"}\n{"text":"y"}\n', 2, /fills in one record, and there are 2\n.*NDJSON/],
  ['', 2, /fills in one record, and there are 0/],
  ['{"report":1}', 2, /has a field report already/],
  ['{\n  "text": "x"\n}\n', 2, /one JSON value over several lines, .* NDJSON: one record a line\n.*jq -c/],
  ['{"text":', 3, /MALFORMED/],
  ['[]', 3, /MALFORMED: the record is not a JSON object/],
  [`{"text":"${'x'.repeat(1_100_000)}"}`, 2, /the input is larger than one/]
]

test('append --attach wants one record', async () => {
  for (const [stdin, code, message] of notOne) {
    await withFiles(async ({ run, node }) => {
      const result = await run('append note --attach report=@report.pdf', stdin)
      assert.is(result.code, code, stdin.slice(0, 50))
      assert.match(result.stderr, message)
      assert.equal(await node.attachments.list({}), [])
    })
  }
})

test('a file for a field that is a list, or is none, is told so', async () => {
  await withFiles(async ({ run, node }) => {
    const isList = (value: unknown, wanted: boolean): boolean => value === undefined || Array.isArray(value) === wanted
    const check = (_: string, text: string): Refusal | null => {
      const { photos, report } = JSON.parse(text)
      if (!isList(photos, true)) return { code: 'SCHEMA', message: 'must be a list', path: '/photos' }
      return isList(report, false) ? null : { code: 'SCHEMA', message: 'must be a file', path: '/report' }
    }
    Object.assign(node, { check })
    const list = await run('append note --attach photos=@front.JPG', '{}')
    assert.equal([list.code, list.stderr.split('\n')[1]], [2, 'write --attach photos[]=FILE for each file'])
    const none = await run('append note --attach photos[]=@front.JPG --attach report[]=@report.pdf', '{}')
    assert.equal([none.code, none.stderr.split('\n')[1]], [2, 'write --attach report=FILE'])
    assert.equal(await node.attachments.list({}), [])
    assert.is((await run('append note --attach photos[]=@front.JPG --attach report=@report.pdf', '{}')).code, 0)
  })
})

test('a record that the schema refuses takes no file along', async () => {
  await withFiles(async ({ run, node }) => {
    const check = node.check
    Object.assign(node, { check: () => ({ code: 'SCHEMA', message: 'no', path: '/report' }) })
    await run('append note --attach report=@report.pdf', '{}')
    assert.equal(await node.attachments.list({}), [])
    Object.assign(node, { check })
  })
})

test('a file is fetched, listed, shown with its record, and removed', async () => {
  await withFiles(async ({ run, node, folder }) => {
    const { id } = JSON.parse((await run('append note --json --attach report=@report.pdf', '{"text":"x"}')).stdout)
    assert.is((await run(`attachment ${REPORT.hash} -o @copy.pdf`)).code, 0)
    assert.is(await readFile(join(folder, 'copy.pdf'), 'utf8'), 'a report')
    assert.is((await run(`attachment ${REPORT.hash} -o -`)).stdout, 'a report')
    const taken = await run(`attachment ${REPORT.hash} -o @front.JPG`)
    assert.equal([taken.code, await readFile(join(folder, 'front.JPG'), 'utf8')], [2, 'front'])
    assert.match(taken.stderr, /front.JPG is there already\n.*--force/)
    assert.is((await run(`attachment ${REPORT.hash} -o @front.JPG --force`)).code, 0)
    assert.is(await readFile(join(folder, 'front.JPG'), 'utf8'), 'a report')
    const listed = JSON.parse((await run('attachments --json')).stdout)
    assert.equal([listed.hash, listed.bytes, listed.held], [REPORT.hash, 8, true])
    assert.match((await run('attachments')).stdout, new RegExp(`HASH +BYTES +RECORD +NAME\n${REPORT.hash} +8 +- +-`))
    const { list } = node.attachments
    const ofRecord: typeof list = async (page) => (await list(page)).map((one) => ({ ...one, record: id }))
    Object.assign(node.attachments, { list: ofRecord })
    assert.match((await run('attachments')).stdout, new RegExp(`${REPORT.hash} +8 +${id} +report.pdf\n`))
    Object.assign(node.attachments, { list })
    const { stdout } = await run('list note')
    assert.match(stdout, /text=x report=report.pdf \(8 bytes\)\n/)
    assert.match((await run(`show ${id}`)).stdout, /attachments\n {4}report.pdf, 8 bytes, held here/)
    assert.equal(JSON.parse((await run(`show ${id} --json`)).stdout).attachments, [
      { ...REPORT, held: true, removed: false }
    ])
    assert.match((await run(`attachment ${REPORT.hash}`)).stdout, /here +yes/)
    assert.equal(JSON.parse((await run(`attachment ${REPORT.hash} --remove --json`)).stdout), { removed: REPORT.hash })
    assert.equal(await node.attachments.list({}), [])
    const gone = await run(`attachment ${REPORT.hash} -o @gone.pdf`)
    assert.is(gone.code, 7)
    assert.match(gone.stderr, /^NOT_FOUND: /)
    assert.equal((await readdir(folder)).sort(), ['copy.pdf', 'front.JPG', 'odd.xyz', 'report.pdf'])
  })
})

test('a file that is cut or another one is not written', async () => {
  await withFiles(async ({ run, node, folder }) => {
    await run('attach @report.pdf')
    const giving = (...chunks: (string | Error)[]): void => {
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for (const chunk of chunks) {
          if (chunk instanceof Error) throw chunk
          yield Buffer.from(chunk)
        }
      }
      const read = async () => ({ bytes: 8, chunks: pieces, close: async () => {} })
      Object.assign(node.attachments, { read })
    }
    giving('b report')
    assert.is((await run(`attachment ${REPORT.hash} -o @copy.pdf`)).code, 6)
    giving('a re', new LedgerError('STORE_DAMAGED', 'a byte is another one'))
    assert.is((await run(`attachment ${REPORT.hash} -o @copy.pdf`)).code, 1)
    assert.equal((await readdir(folder)).sort(), ['front.JPG', 'odd.xyz', 'report.pdf'])
  })
})

test('fields and files are told apart', () => {
  const gathered = (...texts: string[]): readonly FieldFile[] =>
    texts.reduce<readonly FieldFile[]>((before, text) => gatherFieldFile(text, before), [])
  assert.equal(gathered('a=b=c', 'x[]=1', 'x[]=2'), [
    { field: 'a', isItem: false, file: 'b=c' },
    { field: 'x', isItem: true, file: '1' },
    { field: 'x', isItem: true, file: '2' }
  ])
  assert.throws(() => gathered(...new Array(101).fill('x[]=1')), /at most 100 files/)
})

test('the configuration says what is kept', () => {
  assert.equal(parseConfig('attachments: { keep: all }', 'c').attachments, { keep: 'all', bytesMax: 10_000_000_000 })
  assert.equal(parseConfig('attachments: { bytesMax: 5 }', 'c').attachments, { keep: 'own', bytesMax: 5 })
  for (const odd of ['{ keep: some }', '{ bytesMax: 0 }', '{ bytesMax: 1.5 }', '{ kept: all }', 'all', 'null', '[]']) {
    assert.throws(() => parseConfig(`attachments: ${odd}`, 'c'), /^c:1: 'attachments' |c:1/, odd)
  }
})

test.run()
