import * as fc from 'fast-check'
import * as assert from 'uvu/assert'
import { acceptedLanguages, refusalIn } from '../../../src/api/languages.js'
import type { Refusal } from '../../../src/base/errors.js'
import { LANGUAGES } from '../../../src/base/languages.js'
import { suite } from '../../support/suite.js'

const test = suite('languages of a request')

const CASES: readonly (readonly [header: string | undefined, languages: string])[] = [
  [undefined, ''],
  ['', ''],
  ['nl', 'nl'],
  ['NL-be', 'nl'],
  ['pl, fi', 'pl fi'],
  ['da, en-gb;q=0.8, en;q=0.7', 'en'],
  ['nl;q=0.2,fi;q=0.9,pl;q=0.5', 'fi pl nl'],
  ['nl-BE;q=0.3, fi;q=0.5, nl;q=0.9', 'nl fi'],
  ['nl, nl-BE;q=0.3, fi;q=0.5', 'nl fi'],
  ['nl;q=0', ''],
  ['nl;q=0.000, fi;q=0.001', 'fi'],
  ['*', 'en nl fi pl'],
  ['fi, *;q=0.5', 'fi en nl pl'],
  ['en;q=0, *', 'nl fi pl'],
  ['nl;q=0.5, *', 'en fi pl nl'],
  ['*, pl', 'pl en nl fi'],
  ['*;q=0, pl', 'pl'],
  ['  fi ;\tq=0.4 ,, pl\t', 'pl fi'],
  ['pl;Q=1.000, fi;q=1.', 'pl fi'],
  // Not of the form: passed over, and nothing else with it.
  ['nl;q=2, fi', 'fi'],
  ['nl;q=-1, fi', 'fi'],
  ['nl;q=1.001, fi', 'fi'],
  ['nl;q=0.1234, fi', 'fi'],
  ['nl;q, fi', 'fi'],
  ['nl;level=1, fi', 'fi'],
  ['nl_BE, fi', 'fi'],
  ['nl be, fi', 'fi'],
  ['-nl, nl-, fi', 'fi'],
  ['nl.x, fi', 'fi'],
  ['constructor, __proto__, fi', 'fi'],
  ['nld, en-', ''],
  // So many nobody reads.
  [`${'de,'.repeat(31)}nl`, 'nl'],
  [`${'de,'.repeat(32)}nl`, '']
]

for (const [header, languages] of CASES) {
  const name = header === undefined ? 'none' : JSON.stringify(header.slice(0, 40))
  test(`Accept-Language ${name} is ${languages === '' ? 'none of ours' : languages}`, () => {
    assert.is(acceptedLanguages(header).join(' '), languages)
  })
}

test('whatever stands there, each language comes once at most, and soon', () => {
  const part = fc.oneof(fc.constantFrom(...LANGUAGES, '*', ';q=', ',', '0.5', '-', ' ', 'nl-BE'), fc.string())
  void fc.assert(
    fc.property(
      fc.array(part, { maxLength: 40 }).map((parts) => parts.join('')),
      (header) => {
        const languages = acceptedLanguages(header)
        assert.is(new Set(languages).size, languages.length)
        for (const language of languages) assert.ok(LANGUAGES.includes(language))
      }
    )
  )
  const started = performance.now()
  for (const piece of ['nl-', 'a', '-', ' ', ';q=0', ',', 'nl-BE-'])
    acceptedLanguages(piece.repeat(16 * 1024).slice(0, 16 * 1024))
  assert.ok(performance.now() - started < 500)
})

const REFUSAL: Refusal = {
  code: 'RULE_BROKEN',
  message: 'nee',
  messages: { nl: 'nee', fi: 'ei' },
  rule: 'r',
  details: { record: { n: 1 } }
}

test('a refusal is told in the first wanted language that it has, and keeps all else', () => {
  assert.equal(refusalIn(['pl', 'fi', 'nl'], REFUSAL), { ...REFUSAL, message: 'ei' })
  assert.equal(Object.keys(refusalIn(['fi'], REFUSAL)), Object.keys(REFUSAL))
  for (const languages of [[], ['pl', 'en']] as const) assert.is(refusalIn(languages, REFUSAL), REFUSAL)
  const { messages: _, ...one } = REFUSAL
  assert.is(refusalIn(['fi'], one), one)
  assert.is(REFUSAL.message, 'nee')
})

test.run()
