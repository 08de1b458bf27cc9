import { RULE_ENGINE } from './rules.js'
import { SCHEMA_ENGINE } from './schema.js'

/**
 * What decides the same everywhere: names and versions of everything a verdict depends on beyond the network file. Part of
 * the genesis; a node that does not know them refuses it (docs/formats.md, "Genesis").
 */
export const ENGINE = {
  /** Canonical form of records and everything signed. */
  canonical: 'rfc8785/1',
  rules: RULE_ENGINE,
  schema: SCHEMA_ENGINE,
  /** Tables behind `\p{...}` and `(?i)` in patterns; they come with the pattern engine and not from the host. */
  unicode: '17.0.0'
} as const
