import type { Json, JsonObject } from '../base/json.js'

/** JSON Pointer to a member. */
export type MemberPath = string

/** A document from outside is not of the expected shape. Thrown and caught within one reader, never beyond it. */
export class ShapeError extends Error {
  readonly path: MemberPath

  constructor(path: MemberPath, problem: string) {
    super(`${path === '' ? 'the document' : shown(path)} ${problem}`)
    this.path = path
  }
}

/** Characters of a path in a message, which must not grow with the document. */
const PATH_CHARS_SHOWN = 200

function shown(path: MemberPath): string {
  return path.length > PATH_CHARS_SHOWN ? `${path.slice(0, PATH_CHARS_SHOWN)}...` : path
}

export function asObject(json: Json | undefined, path: MemberPath): JsonObject {
  if (json === undefined) throw new ShapeError(path, 'is missing')
  if (json === null || typeof json !== 'object' || Array.isArray(json)) throw new ShapeError(path, 'must be an object')
  return json
}

/** An object with exactly these members. */
export function membersOf(json: Json | undefined, path: MemberPath, names: readonly string[]): JsonObject {
  const object = asObject(json, path)
  for (const name of names) {
    if (!Object.hasOwn(object, name)) throw new ShapeError(`${path}/${name}`, 'is missing')
  }
  for (const name of Object.keys(object)) {
    if (!names.includes(name)) throw new ShapeError(`${path}/${name}`, 'is unknown')
  }
  return object
}

export function asArray(json: Json | undefined, path: MemberPath, itemsMax: number): Json[] {
  if (!Array.isArray(json)) throw new ShapeError(path, 'must be a list')
  if (json.length > itemsMax) throw new ShapeError(path, `has more than ${itemsMax} items`)
  return json
}

export function asString(json: Json | undefined, path: MemberPath, charsMax: number): string {
  if (typeof json !== 'string') throw new ShapeError(path, 'must be a string')
  if (json.length > charsMax) throw new ShapeError(path, `is longer than ${charsMax} characters`)
  return json
}

export function asInteger(json: Json | undefined, path: MemberPath, min: number, max: number): number {
  if (typeof json !== 'number' || !Number.isSafeInteger(json)) throw new ShapeError(path, 'must be an integer')
  if (json < min || json > max) throw new ShapeError(path, `must be from ${min} to ${max}`)
  return json
}

/** A string that a validator accepts, such as a hash. */
export function asText(
  json: Json | undefined,
  path: MemberPath,
  valid: (text: string) => boolean,
  what: string
): string {
  if (typeof json !== 'string' || !valid(json)) throw new ShapeError(path, `must be ${what}`)
  return json
}
