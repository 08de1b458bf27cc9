import { Ajv2020 } from 'ajv/dist/2020.js'
import * as assert from 'uvu/assert'
import { openApiDocument } from '../../../src/api/openapi.js'
import { SCHEMAS } from '../../../src/api/schemas.js'
import { ROUTES } from '../../../src/api/server.js'
import { ERROR_CODES } from '../../../src/base/errors.js'
import type { JsonObject } from '../../../src/base/json.js'
import { chunksOf, collect, withApi } from '../../support/api-fixture.js'
import { listedLies } from '../../support/contradictions.js'
import { suite } from '../../support/suite.js'

const test = suite('openapi')
const document = openApiDocument(ROUTES, '1.2.3')

/** Validator of a schema of the document. */
function validatorOf(name: string): (value: unknown) => void {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(document, 'document')
  const validate = ajv.compile({ $ref: `document#/components/schemas/${name}` })
  return (value) => {
    if (!validate(value)) throw new Error(`${name}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`)
  }
}

test('has every route once, with an operation id of its own', () => {
  const paths = document.paths as Record<string, Record<string, JsonObject>>
  const ids = new Set<unknown>()
  for (const route of ROUTES) {
    const operation = paths[route.path.replace(/:(\w+)/g, '{$1}')]?.[route.method.toLowerCase()]
    assert.ok(operation, route.path)
    ids.add(operation.operationId)
    const named = [...route.path.matchAll(/:(\w+)/g)].map((match) => match[1])
    assert.equal(named, Object.keys(route.params ?? {}), route.path)
  }
  assert.is(ids.size, ROUTES.length)
})

test('every reference in it leads somewhere', () => {
  for (const [, name] of JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)) {
    assert.ok(Object.hasOwn(SCHEMAS, name ?? ''), name)
  }
})

test('every error it names is answered with the status of its code', () => {
  for (const route of ROUTES) {
    const path = (document.paths as Record<string, Record<string, { responses: JsonObject }>>)[
      route.path.replace(/:(\w+)/g, '{$1}')
    ]
    for (const code of route.errors ?? []) {
      assert.ok(path?.[route.method.toLowerCase()]?.responses[ERROR_CODES[code].http], `${route.path} ${code}`)
    }
  }
})

test('answers are as it says', async () => {
  await withApi(async ({ client, node }) => {
    node.seed([{ vehicle: 'A', odometer: 1 }])
    validatorOf('Status')(await client.status())
    for (const partner of await client.partners()) validatorOf('Partner')(partner)
    validatorOf('Model')(await client.model())
    validatorOf('Record')(await client.show('p1/0/0'))
    for (const record of await collect(client.list('inspection', {}))) validatorOf('ListedRecord')(record)
    node.lies(listedLies().items)
    for (const proof of [true, false]) {
      const items = await collect(client.evidence({ proof }))
      assert.is(items.length, 3)
      for (const item of items) validatorOf('ListedEvidence')(item)
    }
    const input = chunksOf('{"vehicle":"A","odometer":0}\n{"hold":true}\n{"vehicle":"A","odometer":1}\nx\n')
    for (const outcome of await collect(client.append('inspection', input, {}))) validatorOf('Outcome')(outcome)
    for await (const change of client.changes({ since: '0' })) {
      validatorOf('Change')(change)
      break
    }
    assert.throws(() => validatorOf('Status')({ network: 'x' }), /Status/)
  })
})

test('a refusal in several languages is as it says', () => {
  const refusal = { code: 'RULE_BROKEN', message: 'nee', messages: { nl: 'nee', fi: 'ei' } }
  for (const name of ['Refusal', 'Outcome', 'Error', 'Check']) {
    const outer = { Refusal: refusal, Error: { error: refusal }, Check: { ok: false, refusal } }[name]
    validatorOf(name)(outer ?? { line: 1, status: 'refused', ...refusal })
  }
  assert.throws(() => validatorOf('Refusal')({ ...refusal, messages: { nl: 5 } }), /messages\/nl/)
})

test.run()
