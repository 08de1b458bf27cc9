import type { Writable } from 'node:stream'

/** What the audience sees. */
export interface Stage {
  /** Begins a part of the story. */
  act(title: string, about: string): void
  /** A command as somebody would type it. */
  command(text: string): void
  /** Something that was looked at and held. */
  held(text: string): void
  /** A record that was accepted or refused: who, what, verdict, why. */
  verdict(who: string, what: string, accepted: boolean, why: string): void
  /** A plain line. */
  say(text: string): void
  aside(text: string): void
  failed(text: string): void
  /** The last lines that a partner's node wrote. */
  log(who: string, text: string): void
}

const WHO_WIDTH = 6
const WHAT_WIDTH = 34
const LOG_LINES = 12

/** Writes on a terminal in colour, elsewhere plainly. */
export function createStage(out: Writable & { readonly isTTY?: boolean }): Stage {
  const coloured = out.isTTY === true && (process.env.NO_COLOR ?? '') === ''
  const style =
    (code: number) =>
    (text: string): string =>
      coloured ? `\u001b[${code}m${text}\u001b[0m` : text
  const [bold, dim, red, green, cyan] = [style(1), style(2), style(31), style(32), style(36)]
  const line = (text: string): void => void out.write(`${text}\n`)
  let acts = 0
  return {
    act(title, about) {
      acts += 1
      line(`\n${bold(`${acts}. ${title}`)}\n${dim(`   ${about}`)}`)
    },
    command: (text) => line(cyan(`   $ ${text}`)),
    held: (text) => line(`   ${green('✓')} ${text}`),
    verdict(who, what, accepted, why) {
      const verdict = accepted ? green('✓ accepted') : red('✗ refused ')
      line(`   ${bold(who.padEnd(WHO_WIDTH))} ${what.padEnd(WHAT_WIDTH)} ${verdict}  ${accepted ? dim(why) : why}`)
    },
    say: (text) => line(`   ${text}`),
    aside: (text) => line(dim(`   ${text}`)),
    failed: (text) => line(`\n   ${red('✗')} ${bold('this did not hold:')} ${text}`),
    log(who, text) {
      const lines = text.trimEnd().split('\n').slice(-LOG_LINES)
      line(`\n   ${bold(`last words of ${who}`)}\n${lines.map((one) => dim(`   | ${one}`)).join('\n')}`)
    }
  }
}
