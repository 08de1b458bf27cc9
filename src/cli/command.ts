import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { LedgerError } from '../base/errors.js'
import { LOG_LEVELS } from '../node/log.js'
import { type Context, createContext, type GlobalOptions, type Io, isLogLevel } from './context.js'
import { describeFailure, EXIT, exitCodeOf, usage } from './failure.js'

/** One command: how it is written, what is read from the line, what it does. */
export interface CommandSpec<Arguments> {
  /** Name, arguments, options and help; nothing runs here. */
  define(): Command
  /**
   * Makes typed arguments of what stands on the line.
   * @throws LedgerError USAGE
   */
  read(positionals: readonly unknown[], options: Readonly<Record<string, unknown>>): Arguments
  /** Does it. Data goes to `context.out`. @returns the exit code */
  run(context: Context, args: Arguments): Promise<number>
  /** Exit code when the reader of stdout goes away. @default 0 */
  readonly readerGone?: number
}

/** A program with the global options, to which commands are added. */
export interface Program {
  add<Arguments>(spec: CommandSpec<Arguments>): Program
  /**
   * Runs one command line. Never throws: what goes wrong is told on stderr.
   * @param argv without the names of node and the program
   * @returns the exit code
   */
  main(argv: readonly string[]): Promise<number>
}

/**
 * @param about name and description
 * @param version asked for only when somebody wants to see it
 */
export function createProgram(
  about: { readonly name: string; readonly description: string; readonly help: string },
  version: () => string,
  io: Io
): Program {
  const root = new Command(about.name).description(about.description)
  let exitCode: number = EXIT.done
  let context: Context | undefined
  let readerGone: number = EXIT.done
  addGlobalOptions(root)
  root.addOption(new Option('-V, --version', 'print the version'))
  root.on('option:version', () => {
    io.stdout.write(`${version()}\n`)
    throw new CommanderError(EXIT.done, 'commander.version', '')
  })
  root.addHelpText('after', about.help)
  quieten(root, io)

  const program: Program = {
    add(spec) {
      const command = spec.define()
      quieten(command, io)
      command.action(async () => {
        context = createContext(root.opts<GlobalOptions>(), io)
        readerGone = spec.readerGone ?? EXIT.done
        exitCode = await spec.run(context, spec.read(command.processedArgs, command.opts()))
        await context.out.flush()
      })
      root.addCommand(command)
      return program
    },
    async main(argv) {
      try {
        if (argv.length === 0) root.help({ error: true })
        await root.parseAsync([...argv], { from: 'user' })
        return exitCode
      } catch (thrown) {
        const isReaderGone = thrown instanceof LedgerError && thrown.code === 'CLOSED' && context?.out.closed() === true
        // What was found before stays found, though nobody heard it: a copy that does not verify.
        if (isReaderGone) return exitCode === EXIT.done ? readerGone : exitCode
        await context?.out.flush().catch(() => {})
        return tellFailure(thrown, root, io)
      }
    }
  }
  return program
}

/** What {@link CommandSpec.read} makes of a line; for tests of option parsing apart from running. */
export function readArguments<Arguments>(spec: CommandSpec<Arguments>, argv: readonly string[]): Arguments {
  let args: { value: Arguments } | undefined
  const command = spec
    .define()
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  command.action(() => {
    args = { value: spec.read(command.processedArgs, command.opts()) }
  })
  command.parse([...argv], { from: 'user' })
  if (args === undefined) throw new LedgerError('INVARIANT', 'the command did not run')
  return args.value
}

/** An argument parser for commander that tells our mistakes its way: naming the option. */
export function parsed<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text)
    } catch (thrown) {
      if (!(thrown instanceof LedgerError)) throw thrown
      const remedy = typeof thrown.details.remedy === 'string' ? `: ${thrown.details.remedy}` : ''
      throw new InvalidArgumentError(`${thrown.message}${remedy}`)
    }
  }
}

/** A whole number from `min` to `max`. */
export function integerBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (/^[0-9]{1,16}$/.test(text) && number >= min && number <= max) return number
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
  }
}

function addGlobalOptions(root: Command): void {
  root
    .option('--home <dir>', "the node's home (default: $LEDGER_HOME, else ~/.ledger)")
    .option('--json', 'print compact JSON, one value a line, for programs')
    .option('--quiet', 'say nothing on stderr but errors')
    .option('--no-color', 'no colours, also on a terminal')
    .addOption(
      new Option('--log-level <level>', 'how much to tell on stderr').choices(LOG_LEVELS).argParser((text) => {
        if (!isLogLevel(text)) throw new InvalidArgumentError(`Allowed choices are ${LOG_LEVELS.join(', ')}.`)
        return text
      })
    )
}

function quieten(command: Command, io: Io): void {
  command
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      // Errors come back as exceptions and are told in one place; what is left here is help asked for by mistake.
      writeErr: (text) => void io.stderr.write(text),
      outputError: () => {}
    })
}

function tellFailure(thrown: unknown, root: Command, io: Io): number {
  const debug = root.opts<GlobalOptions>().logLevel === 'debug'
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return EXIT.done
    // The help itself was the answer.
    if (thrown.code === 'commander.help') return EXIT.usage
  }
  const failure = thrown instanceof CommanderError ? usage(messageOf(thrown)) : thrown
  io.stderr.write(describeFailure(withHelpAtHand(failure, root), debug))
  return exitCodeOf(failure)
}

function messageOf(error: CommanderError): string {
  return error.message.replace(/^error: /, '').replaceAll('\n', ' ')
}

/** A mistake of the command line whose message does not say what to do about it points to the help. */
function withHelpAtHand(failure: unknown, root: Command): unknown {
  if (!(failure instanceof LedgerError) || failure.code !== 'USAGE' || 'remedy' in failure.details) return failure
  const [name] = root.args
  const command = root.commands.find((one) => one.name() === name)
  const remedy = `see: ${[root.name(), ...(command === undefined ? [] : [command.name()])].join(' ')} --help`
  return new LedgerError('USAGE', failure.message, { ...failure.details, remedy }, failure.cause)
}
