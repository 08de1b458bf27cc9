import { posix } from 'node:path'
import type { Breach, SourceFile } from '../../support/source.js'
import { codeOnly, importsOf, lineAt } from '../../support/source.js'

/** The floors from the ground up: a file may import from its own floor and from those before it. */
export const FLOORS = ['base', 'ledger', 'consensus', 'node', 'api', 'cli'] as const
export type Floor = (typeof FLOORS)[number]

/** Floors that compute the same on every machine: functions of their arguments alone. */
export const PURE_FLOORS: readonly Floor[] = ['base', 'ledger', 'consensus']

/** Packages each floor may import. An end of `/` allows the scope, and every package its submodules. */
export const PACKAGES: Readonly<Record<Floor, readonly string[]>> = {
  base: ['@noble/curves', '@noble/hashes', 'multiformats'],
  ledger: ['@marcbachmann/cel-js', 're2js', 'yaml', 'ajv'],
  consensus: [],
  node: [
    '@chainsafe/libp2p-gossipsub',
    '@chainsafe/libp2p-noise',
    '@chainsafe/libp2p-yamux',
    '@libp2p/',
    '@multiformats/multiaddr',
    'classic-level',
    'level',
    'libp2p',
    'lru-cache',
    'multiformats',
    'yaml'
  ],
  api: ['fastify', 'ajv'],
  cli: ['commander', 'yaml']
}

/** The two faces of the same cryptography, for Node and for browsers: the only pure files that may make random bytes. */
const EXCEPTIONS: Readonly<Record<string, { readonly imports: readonly string[]; readonly names: readonly string[] }>> =
  {
    'src/base/crypto-node.ts': { imports: ['node:crypto'], names: ['Buffer'] },
    'src/base/crypto-noble.ts': { imports: [], names: ['globalThis'] }
  }

/** What a pure floor must not name, and why. */
const IMPURE: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  { pattern: global('async|await|Promise|queueMicrotask'), why: 'answers come back as a new input, not later' },
  { pattern: global('setTimeout|setInterval|setImmediate|clearTimeout|performance|Date'), why: 'time is an argument' },
  { pattern: global('process|navigator|globalThis|global|window'), why: 'the surroundings are not an argument' },
  { pattern: global('crypto|fetch|console|require|eval|Function|WebAssembly'), why: 'no way out of the floor' },
  { pattern: global('Buffer'), why: 'browsers have none: use Uint8Array' },
  { pattern: global('Intl'), why: 'locale tables differ between machines' },
  { pattern: /\.\s*(?:toLocale\w*|localeCompare)\b/g, why: 'locale tables differ between machines' },
  { pattern: /\bMath\s*\.\s*random\b/g, why: 'randomness is an argument' },
  {
    pattern: /\bMath\s*\.\s*(?:a?(?:sin|cos|tan)h?|atan2|cbrt|exp|expm1|hypot|log|log10|log1p|log2|pow)\b/g,
    why: 'its last bits differ between engines'
  },
  {
    pattern: global('WeakRef|FinalizationRegistry|SharedArrayBuffer|Atomics'),
    why: 'depends on the collector or on threads'
  },
  { pattern: /\bimport\s*\.\s*meta\b/g, why: 'the surroundings are not an argument' }
]

/** Matches a name where it stands for itself: not a property, not a key of an object. */
function global(names: string): RegExp {
  return new RegExp(`(?<![.\\w$])(?:${names})(?![\\w$]|\\??:)`, 'g')
}

/** Breaches of the floors: imports that go up or out, packages not on the list, impure names on pure floors. */
export function floorBreaches(files: readonly SourceFile[]): Breach[] {
  return files.flatMap((file) => {
    const floor = floorOf(file.path)
    if (floor === undefined) return [`${file.path}: stands on no floor; there are ${FLOORS.join(', ')}`]
    return [...importBreaches(file, floor), ...(PURE_FLOORS.includes(floor) ? purityBreaches(file) : [])]
  })
}

function floorOf(path: string): Floor | undefined {
  return FLOORS.find((floor) => path.startsWith(`src/${floor}/`))
}

function importBreaches(file: SourceFile, floor: Floor): Breach[] {
  return importsOf(file.text).flatMap(({ specifier, line }) => {
    const reason = whyNot(file.path, floor, specifier)
    return reason === undefined ? [] : [`${file.path}:${line}: imports ${specifier ?? 'a computed name'}: ${reason}`]
  })
}

function whyNot(path: string, floor: Floor, specifier: string | null): string | undefined {
  if (specifier === null) return 'nobody can check where that leads'
  if (specifier.startsWith('node:')) {
    if (!PURE_FLOORS.includes(floor) || EXCEPTIONS[path]?.imports.includes(specifier)) return undefined
    return `${floor} is a pure floor`
  }
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier)
    const above = floorOf(target)
    if (above === undefined) return 'it leads out of the house'
    return FLOORS.indexOf(above) > FLOORS.indexOf(floor) ? `${above} is above ${floor}` : undefined
  }
  const allowed = PACKAGES[floor].some((name) =>
    name.endsWith('/') ? specifier.startsWith(name) : specifier === name || specifier.startsWith(`${name}/`)
  )
  return allowed ? undefined : `not among the packages of ${floor}`
}

function purityBreaches(file: SourceFile): Breach[] {
  const code = codeOnly(file.text)
  return IMPURE.flatMap(({ pattern, why }) =>
    Array.from(code.matchAll(pattern)).flatMap((match) => {
      if (EXCEPTIONS[file.path]?.names.includes(match[0])) return []
      return [`${file.path}:${lineAt(code, match.index)}: names ${match[0].replace(/\s/g, '')}: ${why}`]
    })
  )
}
