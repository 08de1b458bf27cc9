import { existsSync } from 'node:fs'
import { BENCHMARKS, type Benchmark, describeBenchmarks } from './catalogue.js'
import { type CommandLine, readCommandLine } from './command-line.js'
import { describeMachine } from './machine.js'
import { figureLines, figureTable } from './print-figures.js'

/**
 * Benchmarks. Each figure has the median and the range of several runs, and beside it the machine.
 *
 *   npm run bench                                      the standard set, with moderate sizes
 *   npm run bench -- list                              what there is
 *   npm run bench -- NAME [--records N] [--runs K]     one of them
 *   --json                                             one line of JSON a figure
 *   --partners N, --load N, --small N, --large N, --charts FOLDER, --install: where the list names them
 */
async function main(words: readonly string[]): Promise<number> {
  const line = read(words)
  if (line === null) return 2
  if (line.list) {
    process.stdout.write(describeBenchmarks())
    return 0
  }
  if (!existsSync(new URL('../../dist/cli/ledger.js', import.meta.url))) {
    process.stderr.write('not built: npm run build\n')
    return 2
  }
  const { name } = line
  if (name !== null && !(name in BENCHMARKS)) {
    process.stderr.write(`there is no benchmark '${name}'\n${describeBenchmarks()}`)
    return 2
  }
  if (name === null) process.stderr.write(describeBenchmarks())
  const chosen = Object.entries(BENCHMARKS).filter(([known, { standard }]) =>
    name === null ? standard : known === name
  )
  let failed = 0
  for (const [known, benchmark] of chosen) {
    if (name === null) process.stderr.write(`running ${known}\n`)
    try {
      await runOne(known, benchmark, line)
    } catch (error) {
      // The others of the set still have something to say.
      failed += 1
      process.stderr.write(`${known} failed: ${error instanceof Error ? error.stack : error}\n`)
    }
  }
  return failed === 0 ? 0 : 1
}

function read(words: readonly string[]): CommandLine | null {
  try {
    return readCommandLine(words)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    return null
  }
}

async function runOne(name: string, benchmark: Benchmark, { args, options, json }: CommandLine): Promise<void> {
  if (benchmark.kind === 'report') {
    const { run } = await benchmark.load()
    process.stdout.write(`${JSON.stringify(await run(args), null, 2)}\n`)
    return
  }
  const { run } = await benchmark.load()
  const machine = describeMachine()
  const result = await run(options)
  process.stdout.write(json ? figureLines(name, result, machine) : figureTable(name, result, machine))
}

process.exitCode = await main(process.argv.slice(2))
