import { Command } from 'commander'
import { LedgerError } from '../../base/errors.js'
import type { NetworkDefinition } from '../../ledger/network-definition.js'
import type { ExampleCount } from '../../ledger/rule-examples.js'
import type { CommandSpec } from '../command.js'
import { EXIT, usage } from '../failure.js'
import { textOf } from '../file-text.js'
import { createTable } from '../table.js'
import { count, plain, styled } from '../text.js'

export interface RuleArguments {
  readonly file: string
}

const HELP = `
Reads a network file and runs the examples that stand beside its rules: records that a rule has to accept, and records that it has to
refuse, with which message. Needs no node and no home. An example of which the rule says something else is a mistake of the file,
told with its line; so are all others. Rules without examples are listed too.

  rules:
    - id: odometer-never-decreases
      expr: previous == null || record.odometer >= previous.odometer
      message: "odometer {record.odometer} is lower than {previous.odometer}"
      examples:
        accepts:
          - { record: { odometer: 10 } }
          - { record: { odometer: 10 }, previous: { odometer: 10 } }
        refuses:
          - { record: { odometer: 9 }, previous: { odometer: 10 }, message: odometer 9 is lower than 10 }

With --json one line for each rule: {"object","rule","accepts","refuses"}.

Examples:
  ledger rule test inspections.yaml
  ledger rule test inspections.yaml --json`

export const ruleCommand: CommandSpec<RuleArguments> = {
  define: () =>
    new Command('rule')
      .description('try the rules of a network file on their examples, offline')
      .argument('<action>', 'test')
      .argument('<file>', 'the network file')
      .addHelpText('after', HELP),

  read([action, file]) {
    if (action !== 'test') throw usage(`'${String(action)}' is nothing to do with rules`, 'there is test')
    return { file: file as string }
  },

  async run(context, { file }) {
    const text = await textOf(file)
    const { describeProblems, readNetworkFile } = await import('../../ledger/network-file.js')
    const read = readNetworkFile(text, file)
    if (!read.ok) throw new LedgerError('NETWORK_FILE', describeProblems(read.problems), { problems: read.problems })
    if (read.warnings.length > 0) context.note(describeProblems(read.warnings))
    const rules = countsOf(read.network, read.examples)
    if (context.json) {
      for (const rule of rules) if (!context.out.write(`${JSON.stringify(rule)}\n`)) await context.out.room()
      return EXIT.done
    }
    const table = createTable(context.out, ['OBJECT', 'RULE', 'EXAMPLES'])
    for (const { object, rule, accepts, refuses } of rules) {
      const told = accepts + refuses === 0 ? 'none' : `accepts ${accepts}, refuses ${refuses}`
      await table.row([plain(object), plain(rule), told])
    }
    await table.flush()
    const tried = rules.filter(({ accepts, refuses }) => accepts + refuses > 0).length
    if (tried === 0) {
      context.out.write('no rule has examples: nothing was tried\n')
      return EXIT.done
    }
    const held = `${tried} of ${count(rules.length, 'rule')} ${tried === 1 ? 'has' : 'have'} examples, and all of them hold`
    context.out.write(`${styled(context.color, 'green', held)}\n`)
    return EXIT.done
  }
}

/** Every rule of the file, those without examples too. */
function countsOf({ objects }: NetworkDefinition, examples: readonly ExampleCount[]): ExampleCount[] {
  return Object.entries(objects).flatMap(([object, { rules }]) =>
    rules.map(({ id: rule }) => {
      const found = examples.find((one) => one.object === object && one.rule === rule)
      return found ?? { object, rule, accepts: 0, refuses: 0 }
    })
  )
}
