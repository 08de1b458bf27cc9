import type { Json } from '../base/json.js'
import { asInteger, type MemberPath, membersOf } from './json-shape.js'
import { VERSION_NUMBER_MAX } from './network-version.js'

/** What a proposal would do to the version of the network (docs/governance.md, "Versions"). */
export interface VersionChange {
  readonly kind: 'version'
  readonly version: number
}

/** Checks the shape of a change of the version. Throws ShapeError. */
export function shapeOfVersionChange(json: Json | undefined, path: MemberPath): VersionChange {
  const { version } = membersOf(json, path, ['kind', 'version'])
  return { kind: 'version', version: asInteger(version, `${path}/version`, 1, VERSION_NUMBER_MAX) }
}

/**
 * Why the version cannot become another one, or null. Whether anybody's software knows it is no chain fact.
 * @param decided version, with every change decided so far
 */
export function versionProblem(decided: number, { version }: VersionChange): string | null {
  return version > decided ? null : `the network is at version ${decided} already; a version is never lowered`
}
