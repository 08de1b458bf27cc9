/** A network file small enough to read in one look: what the tests of whole processes found. */
export const INSPECTIONS = `
format: 1
title: Inspections
quorum: two-thirds
roles:
  inspector: { append: [inspection, note], govern: true }
  auditor: { append: [], govern: false }
objects:
  inspection:
    title: Inspection
    key: [vehicle]
    fields:
      type: object
      additionalProperties: false
      required: [vehicle, odometer]
      properties:
        vehicle: { type: string, maxLength: 20 }
        odometer: { type: integer, minimum: 0 }
        garage: { type: string, maxLength: 40 }
    rules:
      - id: odometer-never-decreases
        expr: previous == null || record.odometer >= previous.odometer
        message: "odometer {record.odometer} is lower than {previous.odometer}"
  note:
    title: Note
    key: []
    fields:
      type: object
      additionalProperties: true
      properties:
        visit: { type: string, maxLength: 40 }
  audit:
    title: Audit
    key: [number]
    fields:
      type: object
      required: [number]
      properties:
        number: { type: integer }
`

/** Arguments that found a network of {@link INSPECTIONS} from a file. */
export function founding(networkFile: string): string[] {
  return ['--network', networkFile, '--partner', 'p1', '--role', 'inspector']
}
