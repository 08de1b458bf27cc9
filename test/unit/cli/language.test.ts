import { request } from 'node:http'
import * as assert from 'uvu/assert'
import { startApi } from '../../../src/api/api.js'
import { createClient } from '../../../src/api/client.js'
import type { Json, JsonObject } from '../../../src/base/json.js'
import { languageOf } from '../../../src/cli/language.js'
import { ledgerProgram } from '../../../src/cli/ledger/program.js'
import { homePaths } from '../../../src/node/home.js'
import { silentLogger } from '../../../src/node/log.js'
import { runProgram } from '../../support/cli-run.js'
import { NETWORK } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'
import { createTestHome } from '../../support/test-home.js'

const test = suite('in which language a refusal is read')

const LOCALES: readonly (readonly [env: Record<string, string>, language: string | null])[] = [
  [{}, null],
  [{ LANG: 'nl_BE.UTF-8' }, 'nl'],
  [{ LANG: 'fi' }, 'fi'],
  [{ LANG: 'pl_PL@euro' }, 'pl'],
  [{ LANG: 'en-GB' }, 'en'],
  [{ LANG: 'C' }, null],
  [{ LANG: 'C.UTF-8' }, null],
  [{ LANG: 'POSIX' }, null],
  [{ LANG: 'de_DE.UTF-8' }, null],
  [{ LANG: 'nld' }, null],
  [{ LANG: 'pl_PL.UTF-8', LC_MESSAGES: 'fi_FI.UTF-8' }, 'fi'],
  [{ LANG: 'pl_PL.UTF-8', LC_MESSAGES: 'fi_FI.UTF-8', LC_ALL: 'nl_NL.UTF-8' }, 'nl'],
  [{ LANG: 'pl_PL.UTF-8', LC_MESSAGES: '', LC_ALL: '' }, 'pl'],
  [{ LANG: 'nl_NL.UTF-8', LC_ALL: 'C' }, null],
  [{ LANG: 'nl_NL.UTF-8', LC_MESSAGES: 'de_DE' }, null],
  [{ LC_TIME: 'nl_NL.UTF-8' }, null]
]

for (const [env, language] of LOCALES)
  test(`${JSON.stringify(env)} is ${language ?? 'none'}`, () => assert.is(languageOf(env), language))

const ENGLISH = 'odometer 4 is lower than 5'
const DUTCH = 'kilometerstand 4 is lager dan 5'
const TRANSLATED = NETWORK.replace(
  'message: "odometer',
  'message: { nl: "kilometerstand {record.odometer} is lager dan {previous.odometer}", en: "odometer'
).replace('than {previous.odometer}"', '$& }')

/** A real node behind a real API, with a record that a block refused. */
async function withNode(
  work: (at: { run: Run; socket: string; refused: Refused }) => Promise<void>,
  network = TRANSLATED
): Promise<void> {
  // A rule that looks at the block is never answered for good before one.
  const expr = '"block.height > 0 && (previous == null || record.odometer >= previous.odometer)"'
  const home = await createTestHome(network.replace(/expr: .*/, `expr: ${expr}`))
  try {
    const node = await home.open()
    const { socket } = homePaths(home.home)
    const api = await startApi({ node, socket, version: '1.2.3', log: silentLogger })
    const run: Run = async (line, env, stdin = '') => {
      return (await runProgram(ledgerProgram, ['--home', home.home, ...line.split(' ')], { env, stdin })).stdout
    }
    try {
      const told = await run('append inspection --json', {}, `${visit(5)}\n${visit(4)}\n`)
      const [, refused] = lines(told)
      await work({ run, socket, refused: refused as unknown as Refused })
    } finally {
      await api.close()
    }
  } finally {
    await home.remove()
  }
}

interface Refused {
  readonly id: string
  readonly height: number
}

type Run = (line: string, env: Record<string, string>, stdin?: string) => Promise<string>

const visit = (odometer: number): string => JSON.stringify({ vehicle: 'a', odometer })

function lines(text: string): JsonObject[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonObject)
}

const NL = { LANG: 'nl_BE.UTF-8' }

test('every command that shows a refusal shows it in the language of its reader', async () => {
  await withNode(async ({ run, refused }) => {
    const commands: readonly (readonly [line: string, stdin?: string])[] = [
      ['append inspection', visit(4)],
      ['append inspection --json', visit(4)],
      [`show ${refused.id}`],
      [`show ${refused.id} --json`],
      ['history inspection a --all'],
      ['history inspection a --all --json'],
      [`block ${refused.height} --json`]
    ]
    for (const [line, stdin] of commands) {
      const shown = line.includes('--json') ? (text: string) => `"message":"${text}"` : (text: string) => text
      const readers = [
        [NL, DUTCH, ENGLISH],
        [{ LANG: 'en_GB.UTF-8' }, ENGLISH, DUTCH],
        // None of theirs: the first that the message has.
        [{ LANG: 'fi_FI.UTF-8' }, ENGLISH, DUTCH]
      ] as const
      for (const [env, wanted, other] of readers) {
        const told = await run(line, env, stdin)
        assert.ok(told.includes(shown(wanted)) && !told.includes(shown(other)), `${line}: ${told}`)
        if (line.includes('--json')) assert.ok(told.includes(`"messages":{"en":"${ENGLISH}","nl":"${DUTCH}"}`), told)
      }
    }
  })
})

test('a rehearsal tells what the other file would say in the language of its reader', async () => {
  await withNode(async ({ socket }) => {
    const { network } = await createClient(socket).model()
    const draft = structuredClone(network)
    draft.objects.inspection!.rules[0] = { id: 'none', expr: 'record.odometer < 5', message: { en: 'no', pl: 'nie' } }
    for (const [language, message] of [
      ['pl', 'nie'],
      ['nl', 'no'],
      [null, 'no']
    ] as const) {
      const told: string[] = []
      await createClient(socket, language).rehearse(
        { network: draft as unknown as JsonObject },
        { onDifference: ({ refusal, verdict }) => void told.push(`${verdict} ${refusal.message}`) }
      )
      const before = language === 'nl' ? DUTCH : ENGLISH
      assert.equal(told, [`refused ${message}`, `accepted ${before}`])
    }
  })
})

test('an answer to one record, and to a check, is in the language that the request asks for', async () => {
  await withNode(async ({ socket }) => {
    const ask = (path: string, language: string) => answer(socket, path, language)
    for (const [language, message] of [
      ['fi, nl;q=0.5, en;q=0.1', DUTCH],
      ['en, nl;q=0.9', ENGLISH],
      ['', ENGLISH]
    ] as const) {
      const { error } = await ask('records', language)
      assert.equal([error?.message, error?.code], [message, 'RULE_BROKEN'])
      assert.equal(error?.messages, { en: ENGLISH, nl: DUTCH })
      const { refusal } = await ask('check', language)
      assert.equal([refusal?.message, refusal?.messages], [message, { en: ENGLISH, nl: DUTCH }])
    }
  })
})

interface Answer {
  readonly error?: Record<string, Json>
  readonly refusal?: Record<string, Json>
}

/** What POST of a visit that is refused gives. */
function answer(socketPath: string, path: string, language: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'accept-language': language }
  return new Promise((resolve, reject) => {
    const options = { socketPath, method: 'POST', path: `/v1/objects/inspection/${path}`, headers, agent: false }
    const sent = request(options, (response) => {
      const pieces: string[] = []
      response.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece))
      response.on('end', () => resolve(JSON.parse(pieces.join('')) as Answer))
    })
    sent.on('error', reject)
    sent.end(visit(4))
  })
}

test('a message that is a text is read by everybody, without more', async () => {
  await withNode(async ({ run, refused }) => {
    const told = await run(`show ${refused.id} --json`, NL)
    assert.ok(told.includes(`"message":"${ENGLISH}"`) && !told.includes('messages'), told)
  }, NETWORK)
})

test.run()
