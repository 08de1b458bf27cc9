/**
 * Makes a fixture of test/fixtures/builds: the programs as a given state of the project builds them, for tests in which
 * partners do not all run the same version.
 *
 *   tsx scripts/make-old-build.ts COMMIT
 *
 * Writes test/fixtures/builds/NAME.tar.gz, NAME being the first seven digits of the commit: its bin, config and package.json,
 * and what its compiler makes of its source, without comments. Nothing of node_modules: it runs with the project's own.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'

const PARTS = ['bin', 'config', 'dist', 'package.json']

/** Of every file in the fixture, so that making it again gives the same bytes. */
const SAME_EVERYWHERE = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0', '--mode=u=rwX,go=rX']

const { positionals } = parseArgs({ allowPositionals: true })
const [asked] = positionals
if (asked === undefined) throw new Error('which commit?')

const root = resolve(import.meta.dirname, '..')
const commit = text('git', ['rev-parse', '--verify', `${asked}^{commit}`]).trim()
const target = join(root, 'test/fixtures/builds', `${commit.slice(0, 7)}.tar.gz`)
const folder = mkdtempSync(join(tmpdir(), 'old-build-'))
try {
  const source = execFileSync('git', ['archive', '--format=tar', commit], { cwd: root, maxBuffer: 1 << 28 })
  execFileSync('tar', ['xf', '-', '-C', folder], { input: source })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.json', '--removeComments'], { cwd: folder })
  const packed = execFileSync('tar', ['cf', '-', ...SAME_EVERYWHERE, ...PARTS], { cwd: folder, maxBuffer: 1 << 28 })
  writeFileSync(target, gzipSync(packed, { level: 9 }))
  for (const line of otherPackages(folder)) say(`asks for ${line}`)
  say(`${target}: ${statSync(target).size} bytes`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Packages that it runs with in another version than the one it asks for. */
function otherPackages(of: string): string[] {
  const wanted = (at: string): Record<string, string> =>
    JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')).dependencies
  const here = wanted(root)
  return Object.entries(wanted(of)).flatMap(([name, version]) =>
    here[name] === version ? [] : [`${name} ${version}, and gets ${here[name] ?? 'none'}`]
  )
}

function text(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { cwd: root, encoding: 'utf8' })
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
