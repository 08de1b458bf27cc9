import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BUGS } from './planted/bugs.js'
import { killAll } from './planted/child-process.js'
import { type BugResult, checkUnmutated, tryBugs } from './planted/hunt.js'
import type { PlantedBug } from './planted/planted-bug.js'
import { onlyLine, proveOnly } from './planted/prove-only.js'
import { headLine, listLine, resultLine, summaryLine } from './planted/report.js'
import { type ScratchCopy, scratchFolder } from './planted/scratch-copy.js'
import { EXIT_READER_GONE, whenReaderGone } from './reader-gone.js'

const HELP = `Plants bugs in a scratch copy of the tree, one at a time, and looks whether the simulator or the tests notice.
A simulator that cannot find mistakes that somebody really could make proves nothing when it finds none.

  npm run planted                          all of them, after the copy without any bug has passed the same checks
  npm run planted -- --list                what they are and what should catch them
  npm run planted -- --only NAME,NAME      some of them; may be given more than once
  npm run planted -- --workers N           copies that are tried side by side (default: one per core, at most 2)
  npm run planted -- --prove-only          runs all unit and network tests against each that only the simulator is said to
                                           catch, or against those of --only; exit code 0: none of them noticed any
  npm run planted -- --json                one line of JSON at the end instead of the table

Each row: the bug, what caught it (a promise that the simulator saw broken, or the test file and its test), how many
seeds that took, and seconds. The last line sums up. Exit code 0: all were caught, and the copy without a bug passed.

A bug is missed when every check named for it passes. Then the checks are too weak, or the bug is no longer one:
scripts/planted/*-bugs.ts has them, each as source edits. An edit whose text is not in the tree exactly once is an
error that names it: bring the list up to date with the source. Of a caught one, what is said names a seed:
plant it by hand in a copy, and \`npm run simulate -- --seed N --set 'NAME'\` shows the whole story, NAME being the set of
seeds in brackets.
`

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    list: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    workers: { type: 'string' },
    'prove-only': { type: 'boolean' },
    json: { type: 'boolean' }
  }
})

const say = (line: string): void => void process.stdout.write(`${line}\n`)

if (values.help || values.list) {
  whenReaderGone(() => process.exit(0))
  if (values.help) process.stdout.write(HELP)
  else for (const bug of BUGS) say(listLine(bug))
} else process.exitCode = (await hunt(asked())) ? 0 : 1

function asked(): readonly PlantedBug[] {
  const bugs = chosen(values.only)
  return values['prove-only'] && values.only === undefined ? bugs.filter(({ onlySimulator }) => onlySimulator) : bugs
}

/** @returns whether no test notices any of them */
async function proveAll(copies: readonly ScratchCopy[], bugs: readonly PlantedBug[]): Promise<boolean> {
  let noticed = 0
  await proveOnly(copies, bugs, (result) => {
    if (result.noticedBy.length > 0) noticed++
    say(values.json ? JSON.stringify(result) : onlyLine(result))
  })
  return noticed === 0
}

/** The bugs that are asked for. A name that nobody has ends the program. */
function chosen(only: readonly string[] | undefined): readonly PlantedBug[] {
  if (only === undefined) return BUGS
  const names = only.flatMap((list) => list.split(','))
  const unknown = names.filter((name) => !BUGS.some((bug) => bug.name === name))
  if (unknown.length > 0) {
    process.stderr.write(`no such bug: ${unknown.join(', ')}; --list shows them all\n`)
    process.exit(2)
  }
  return BUGS.filter(({ name }) => names.includes(name))
}

/** @returns whether all were caught and the copy without a bug passed */
async function hunt(bugs: readonly PlantedBug[]): Promise<boolean> {
  const started = performance.now()
  const workers = Math.max(1, Number(values.workers ?? Math.min(2, availableParallelism())))
  const folder = scratchFolder(resolve(import.meta.dirname, '..'))
  const abandon = (code: number): never => {
    killAll()
    folder.remove()
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abandon(1))
  whenReaderGone(() => abandon(EXIT_READER_GONE))
  const tell = values.json ? () => {} : say
  try {
    const copies = Array.from({ length: Math.min(workers, bugs.length) }, (_, index) =>
      folder.copy(`copy-${index + 1}`)
    )
    if (values['prove-only']) return await proveAll(copies, bugs)
    const problems = await checkUnmutated(copies, bugs, tell)
    const results: BugResult[] = []
    if (problems.length === 0) {
      tell(headLine())
      await tryBugs(copies, bugs, (result) => {
        results.push(result)
        tell(resultLine(result))
      })
    }
    const seconds = Math.round((performance.now() - started) / 1000)
    const caught = results.filter(({ by }) => by !== null).length
    if (values.json) say(JSON.stringify({ unmutated: problems, bugs: results, caught, seconds }))
    for (const problem of problems) tell(`without any bug: ${problem}`)
    tell(summaryLine({ problems, results, planned: bugs.length, seconds }))
    return problems.length === 0 && caught === bugs.length
  } finally {
    folder.remove()
  }
}
