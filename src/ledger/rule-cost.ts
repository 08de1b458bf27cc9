/**
 * The static bound on what a rule can cost. A unit is about a tenth of a microsecond (docs/rules.md, "Cost"); the bound is
 * the most work the schema's limits allow, whatever a record says.
 */

/** Default of the genesis' `limits.ruleCostMax`: all rules of one object together, about a millisecond for each record. */
export const RULE_COST_MAX = 10_000

/** One operator, one access to a field, one literal. */
export const STEP = 1

/** Reading a date, time or decimal out of its text. */
export const READ_TEXT = 5

/** Characters of a text that is compared or copied in one unit. */
const COPIED_CHARS = 100

/** Characters of a text that is walked one by one in one unit. */
const WALKED_CHARS = 20

/** Instructions times characters of a pattern in one unit. */
const PATTERN_WORK = 10

/**
 * Characters a text without maxLength is taken to have where it is only compared: it cannot be longer than a record.
 */
const COMPARED_CHARS_MAX = 131_072

/** Comparing two texts, as long as the shorter one. */
export function costOfComparing(charsMaxA: number | null, charsMaxB: number | null): number {
  const chars = Math.min(charsMaxA ?? COMPARED_CHARS_MAX, charsMaxB ?? COMPARED_CHARS_MAX)
  return STEP + Math.floor(chars / COPIED_CHARS)
}

/** Copying a text. */
export function costOfCopying(chars: number): number {
  return STEP + Math.floor(chars / COPIED_CHARS)
}

/** Walking a text character by character. */
export function costOfWalking(chars: number): number {
  return STEP + Math.ceil(chars / WALKED_CHARS)
}

/** Looking for one text in another: at worst at every place. */
export function costOfSearching(chars: number, soughtChars: number): number {
  return STEP + Math.ceil((chars * Math.max(1, Math.min(soughtChars, chars))) / COPIED_CHARS)
}

/** Matching a pattern of so many instructions. */
export function costOfMatching(chars: number, patternSize: number): number {
  return STEP * 5 + Math.ceil(((chars + 1) * patternSize) / PATTERN_WORK)
}

/** Running a part once for each item of a list. */
export function costOfEach(itemsMax: number, costOfOne: number): number {
  return STEP + itemsMax * (costOfOne + STEP)
}
