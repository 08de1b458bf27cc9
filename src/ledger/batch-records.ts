import type { Model } from './model.js'
import { type CheckedRecord, checkRecord } from './record.js'

/** The records of a batch in their order, parsed and checked. An array of them will do. */
export interface BatchRecords extends Iterable<CheckedRecord> {
  readonly length: number
  at(index: number): CheckedRecord | undefined
}

/**
 * Records that are parsed and checked as they are asked for, and not kept: while a batch waits for its block only its texts
 * take memory, and execution asks for each record as it judges it. A block that is executed again has them checked again.
 * @param model that they are checked under
 */
export function recordsOnDemand(model: Model, texts: readonly string[], bytesMax: number): BatchRecords {
  const at = (index: number): CheckedRecord | undefined => {
    const text = texts[index]
    return text === undefined ? undefined : checkRecord(model, text, bytesMax)
  }
  return {
    length: texts.length,
    at,
    *[Symbol.iterator]() {
      for (const text of texts) yield checkRecord(model, text, bytesMax)
    }
  }
}
