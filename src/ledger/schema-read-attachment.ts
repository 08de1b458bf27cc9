import type { Json, JsonObject } from '../base/json.js'
import { ATTACHMENT_BYTES_DEFAULT, ATTACHMENT_BYTES_MAX, isMediaType } from './attachment.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import type { AttachmentSchema } from './schema-type.js'

/** Media types that one field may list. */
const MEDIA_TYPES_MAX = 32

/** Reads a schema of type attachment. */
export function readAttachmentSchema(
  json: JsonObject,
  nullable: boolean,
  path: FindingPath,
  findings: Findings
): AttachmentSchema {
  const bytesMax = readBytesMax(json.maxBytes, [...path, 'maxBytes'], findings)
  const mediaTypes = readMediaTypes(json.mediaTypes, [...path, 'mediaTypes'], findings)
  return { kind: 'attachment', nullable, bytesMax, mediaTypes }
}

function readBytesMax(value: Json | undefined, path: FindingPath, findings: Findings): number {
  if (value === undefined) return ATTACHMENT_BYTES_DEFAULT
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= ATTACHMENT_BYTES_MAX) return value
  findings.value(
    path,
    `maxBytes must be a whole number from 1 to ${ATTACHMENT_BYTES_MAX}, not ${quote(value)}`,
    'write 5000000 for 5 MB'
  )
  return ATTACHMENT_BYTES_DEFAULT
}

function readMediaTypes(value: Json | undefined, path: FindingPath, findings: Findings): readonly string[] | null {
  if (value === undefined) return null
  if (!Array.isArray(value) || value.length === 0 || value.length > MEDIA_TYPES_MAX) {
    findings.value(path, `mediaTypes must list 1 to ${MEDIA_TYPES_MAX} types of files`, 'write [application/pdf]')
    return null
  }
  const types: string[] = []
  value.forEach((type, index) => {
    const typePath = [...path, index]
    if (typeof type !== 'string' || !isMediaType(type)) {
      findings.value(
        typePath,
        `${quote(type)} is not a media type`,
        'write it in lower case and without parameters, such as image/jpeg'
      )
    } else if (types.includes(type)) findings.value(typePath, `${quote(type)} is listed twice`, 'remove one of them')
    else types.push(type)
  })
  return types
}
