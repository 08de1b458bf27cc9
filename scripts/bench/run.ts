/** `npm run bench -- NAME [ARG...]`: runs one benchmark and prints its figures as JSON, with the machine's beside them. */
const BENCHMARKS: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<unknown> }>>> = {
  apart: () => import('./apart.js'),
  'catch-up': () => import('./catch-up.js'),
  'four-partners': () => import('./four-partners.js'),
  hostile: () => import('./hostile.js'),
  'one-partner': () => import('./one-partner.js'),
  ordered: () => import('./ordered.js'),
  rehearsal: () => import('./rehearsal.js')
}

const [name, ...args] = process.argv.slice(2)
const load = name === undefined ? undefined : BENCHMARKS[name]
if (load === undefined) {
  process.stderr.write(`usage: npm run bench -- NAME [ARG...]\nnames: ${Object.keys(BENCHMARKS).join(', ')}\n`)
  process.exitCode = 2
} else {
  const { run } = await load()
  process.stdout.write(`${JSON.stringify(await run(args), null, 2)}\n`)
}
