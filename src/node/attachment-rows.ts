import { recordId } from '../base/ids.js'
import { attachmentsIn, hasAttachment } from '../ledger/attachment.js'
import { compiledModel } from '../ledger/compiled-models.js'
import type { RecordBody } from '../ledger/record.js'
import type { ObjectSchema } from '../ledger/schema-type.js'
import type { Chain, CommittedBlock } from './chain.js'
import type { ModelHistory } from './model-history.js'
import type { RecordReader } from './record-reader.js'
import type { AttachmentRow } from './store/attachment-index.js'

export type FoundRow = readonly [hash: string, row: AttachmentRow]

type Schemas = ReadonlyMap<string, ObjectSchema>

/** Finds the files of accepted records, in blocks that are being committed and in those of the store. */
export function createAttachmentRows(chain: Chain, models: ModelHistory, reader: RecordReader) {
  let known: { readonly from: number; readonly schemas: Schemas } = { from: -1, schemas: new Map() }

  /** Schemas with attachments of the network definition in force at a height. */
  function schemasAt(height: number): Schemas {
    const from = models.fromAt(height)
    if (from !== known.from) known = { from, schemas: schemasOf(height, from) }
    return known.schemas
  }

  function schemasOf(height: number, from: number): Schemas {
    const compiled = from === 0 ? null : compiledModel(models.at(height), chain.limits)
    const model = compiled?.ok === true ? compiled.value : chain.foundingModel
    const objects = [...model.objects].filter(([, { schema }]) => hasAttachment(schema))
    return new Map(objects.map(([name, { schema }]) => [name, schema]))
  }

  function rowsOf(schemas: Schemas, body: RecordBody | null, record: string, author: string): FoundRow[] {
    const schema = body === null ? undefined : schemas.get(body.object)
    if (body === null || schema === undefined) return []
    return attachmentsIn(schema, body.data).map(({ hash, bytes }) => [hash, { record, author, bytes }])
  }

  return {
    /** Of a block that has just been committed. */
    committed({ header, batches, executed }: CommittedBlock): FoundRow[] {
      const schemas = schemasAt(header.height)
      if (schemas.size === 0) return []
      return executed.execution.entries.flatMap(({ object, batch, index, accepted }) => {
        const found = batches[batch]
        if (!accepted || !schemas.has(object) || found === undefined) return []
        const { author, sequence } = found.header
        return rowsOf(schemas, found.records.at(index)?.body ?? null, recordId(author, sequence, index), author)
      })
    },
    /** Of a block of the store. */
    stored(height: number): FoundRow[] {
      const schemas = schemasAt(height)
      if (schemas.size === 0) return []
      const rows: FoundRow[] = []
      for (const [batch, { count }] of (reader.block(height)?.batches ?? []).entries()) {
        for (let index = 0; index < count; index++) {
          const record = reader.at(height, batch, index)
          if (record === null || record.refusal !== null) continue
          rows.push(...rowsOf(schemas, record.body, record.id, record.author))
        }
      }
      return rows
    }
  }
}

export type AttachmentRows = ReturnType<typeof createAttachmentRows>
