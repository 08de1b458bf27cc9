import fc from 'fast-check'

/** Pieces that readers of JSON and of our texts have reason to fear. */
export const NASTY: readonly string[] = [
  '\u0000',
  '\\u0000',
  '\ud800',
  '\\ud800',
  '\\udc00\\ud83d',
  '\ufeff',
  '\u2028',
  '\r\n',
  '\n',
  '"',
  '\\',
  '\\"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '{"__proto__":{"a":1}}',
  '"__proto__":1,',
  '"constructor":1,',
  '"toString":null,',
  '"a":1,"a":2,',
  '\\u0061',
  '1e400',
  '-0',
  '0.1',
  '9007199254740993',
  '1'.repeat(400),
  '0.'.padEnd(400, '9'),
  'null',
  'true',
  '"x"',
  '[]',
  '{}',
  '['.repeat(64),
  '{"a":'.repeat(64),
  'é'.repeat(100),
  'x'.repeat(2000)
]

/** JSON values that stand where another kind is expected. */
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  2 ** 31,
  2 ** 53,
  1e300,
  '',
  'x',
  '\u0000',
  '\ud800',
  'A'.repeat(128),
  'ab'.repeat(32),
  [],
  {},
  [null],
  [[[[[[]]]]]],
  { constructor: 1 }
]

type Change = (text: string) => string

const position = fc.double({ min: 0, max: 1, noNaN: true })
const at = (text: string, place: number): number => Math.min(text.length, Math.floor(place * (text.length + 1)))

/** A change of the text that knows nothing of what it means. */
const textChange: fc.Arbitrary<Change> = fc.oneof(
  position.map(
    (from): Change =>
      (text) =>
        text.slice(0, at(text, from))
  ),
  fc.tuple(position, fc.nat(40)).map(([from, cut]): Change => {
    return (text) => text.slice(0, at(text, from)) + text.slice(at(text, from) + cut)
  }),
  fc.tuple(position, fc.constantFrom(...NASTY)).map(([to, piece]): Change => {
    return (text) => text.slice(0, at(text, to)) + piece + text.slice(at(text, to))
  }),
  fc.tuple(position, position, fc.nat(200)).map(([from, to, length]): Change => {
    return (text) => text.slice(0, at(text, to)) + text.substr(at(text, from), length) + text.slice(at(text, to))
  }),
  fc.tuple(position, fc.nat(7)).map(([place, bit]): Change => {
    return (text) => {
      const bytes = Buffer.from(text, 'utf8')
      const index = Math.min(bytes.length - 1, Math.floor(place * bytes.length))
      if (index >= 0) bytes[index]! ^= 1 << bit
      return bytes.toString('utf8')
    }
  })
)

/** A change of one value of a JSON document, written again without spaces. */
const valueChange: fc.Arbitrary<Change> = fc
  .tuple(fc.nat(400), fc.constantFrom('replace', 'remove', 'rename', 'repeat', 'reverse'), fc.constantFrom(...VALUES))
  .map(([index, kind, value]): Change => {
    return (text) => {
      const head = text.search(/[{[]/)
      let json: unknown
      try {
        json = JSON.parse(text.slice(Math.max(0, head)))
      } catch {
        return text
      }
      const spots: [Record<string, unknown>, string][] = []
      collectSpots(json, spots)
      const spot = spots[index % Math.max(1, spots.length)]
      if (spot !== undefined) changeAt(spot[0], spot[1], kind, value)
      return text.slice(0, Math.max(0, head)) + JSON.stringify(json)
    }
  })

function collectSpots(json: unknown, spots: [Record<string, unknown>, string][]): void {
  if (json === null || typeof json !== 'object') return
  for (const [name, member] of Object.entries(json)) {
    spots.push([json as Record<string, unknown>, name])
    collectSpots(member, spots)
  }
}

function changeAt(owner: Record<string, unknown>, name: string, kind: string, value: unknown): void {
  const before = owner[name]
  if (kind === 'replace') owner[name] = value
  else if (kind === 'remove') delete owner[name]
  else if (kind === 'rename') {
    delete owner[name]
    owner[`${name}x`] = before
  } else if (kind === 'repeat' && Array.isArray(before)) owner[name] = [...before, ...before]
  else if (kind === 'reverse' && before !== null && typeof before === 'object') {
    owner[name] = Array.isArray(before) ? before.toReversed() : Object.fromEntries(Object.entries(before).reverse())
  }
}

/** One to three changes of one of these texts; now and then none. */
export function mutationsOf(samples: readonly string[]): fc.Arbitrary<string> {
  const change = fc.oneof({ weight: 3, arbitrary: textChange }, { weight: 4, arbitrary: valueChange })
  return fc
    .tuple(fc.constantFrom(...samples), fc.array(change, { maxLength: 3 }))
    .map(([sample, changes]) => changes.reduce((text, apply) => apply(text), sample))
}

/** Long texts on which a reader with a slow path shows it: about `size` characters each. */
export function longTexts(size: number): readonly string[] {
  const fill = (piece: string): string => piece.repeat(Math.ceil(size / piece.length))
  return [
    fill('['),
    fill('{"a":'),
    `[${fill('1,')}1]`,
    `"${fill('\\')}"`,
    `"${fill('\\\\')}"`,
    `"${fill('\\"')}"`,
    `"${fill('\\ud800')}"`,
    `{"${fill('a')}":1}`,
    `{${fill('"a":1,')}"a":1}`,
    fill('1'),
    `0.${fill('0')}1`,
    `1e${fill('9')}`,
    fill(' '),
    fill('\n'),
    fill('"'),
    fill('""'),
    `[${fill('"",')}""]`,
    fill('é'),
    fill('\ud83d'),
    fill('-'),
    fill('/p2p/a')
  ]
}
