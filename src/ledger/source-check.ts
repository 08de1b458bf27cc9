import type { FieldSource } from './field-sources.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import { didYouMean } from './nearest.js'
import type { ObjectDefinition } from './network-definition.js'
import { REFERENCE_ITEMS_MAX } from './reference-check.js'
import { type FieldSchema, kindText, type ObjectSchema, UNREADABLE } from './schema-type.js'

/** Fields with `from` of one object; of lists each may hold as many values as a reference may. */
const SOURCES_MAX = 20

/** Another object as far as it matters here. */
export interface SourceTarget {
  readonly schema: ObjectSchema
}

interface Found extends FieldSource {
  readonly field: FieldSchema
  readonly path: FindingPath
}

/**
 * Checks every `from` in the schema of an object.
 * @param path of the object
 */
export function checkSources(
  schema: ObjectSchema,
  path: FindingPath,
  objects: ReadonlyMap<string, SourceTarget>,
  definitions: ReadonlyMap<string, ObjectDefinition>,
  findings: Findings
): FieldSource[] {
  const found = [...sourcesIn(schema, { steps: [], path: [...path, 'fields'], itemsMax: 1 }, findings)]
  if (found.length > SOURCES_MAX) {
    findings.name([...path, 'fields'], `there are more than ${SOURCES_MAX} fields with from`, 'remove it from some')
  }
  for (const source of found) checkTarget(source, objects, definitions, findings)
  return found.map(({ steps, object }) => ({ steps, object }))
}

interface Place {
  readonly steps: FieldSource['steps']
  readonly path: FindingPath
  /** Values there may be at this place; null when there is no bound. */
  readonly itemsMax: number | null
}

function* sourcesIn(field: FieldSchema, { steps, path, itemsMax }: Place, findings: Findings): Generator<Found> {
  if (field.kind === 'object') {
    for (const [name, inner] of field.properties) {
      const place = { steps: [...steps, name], path: [...path, 'properties', name], itemsMax }
      yield* sourcesIn(inner, place, findings)
    }
    if (field.additional !== null && hasSource(field.additional)) {
      const problem = 'from belongs to a field that has a name, or to the items of a list'
      findings.value([...path, 'additionalProperties'], problem, 'list the fields under properties')
    }
  } else if (field.kind === 'list') {
    const most = itemsMax === null || field.itemsMax === null ? null : itemsMax * field.itemsMax
    yield* sourcesIn(field.items, { steps: [...steps, null], path: [...path, 'items'], itemsMax: most }, findings)
  } else if ('from' in field && field.from !== undefined) {
    if (itemsMax === null || itemsMax > REFERENCE_ITEMS_MAX) {
      const problem = `a record may hold at most ${REFERENCE_ITEMS_MAX} values from ${field.from} here`
      findings.value([...path, 'from'], problem, 'give the lists it stands in a smaller maxItems')
    }
    yield { steps, object: field.from, field, path: [...path, 'from'] }
  }
}

function hasSource(field: FieldSchema): boolean {
  if (field.kind === 'list') return hasSource(field.items)
  if (field.kind !== 'object') return 'from' in field && field.from !== undefined
  return [...field.properties.values(), ...(field.additional === null ? [] : [field.additional])].some(hasSource)
}

function checkTarget(
  { object, field, path }: Found,
  objects: ReadonlyMap<string, SourceTarget>,
  definitions: ReadonlyMap<string, ObjectDefinition>,
  findings: Findings
): void {
  const definition = definitions.get(object)
  if (definition === undefined) {
    const remedy = didYouMean(object, [...definitions.keys()], 'objects')
    findings.value(path, `there is no object ${quote(object)}`, remedy)
    return
  }
  const [name] = definition.key
  if (name === undefined || definition.key.length > 1) {
    const problem = `the key of ${object} has ${definition.key.length} fields, and from needs one of a single field`
    findings.value(path, problem, 'use a reference with required: true, which takes a field for each')
    return
  }
  const target = objects.get(object)?.schema.properties.get(name)
  if (target === undefined || target === UNREADABLE || target.kind === field.kind) return
  const problem = `the field is ${kindText(field)}, but ${object}.${name} is ${kindText(target)}`
  findings.value(path, problem, 'give both the same type')
}
