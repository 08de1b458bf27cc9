import { StringDecoder } from 'node:string_decoder'
import { LedgerError } from '../base/errors.js'
import type { Io } from './context.js'

/** Longest line that is taken in; what is typed beyond it is left out. */
const CHARS_MAX = 4096

const ENTER = /[\r\n]/
const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const CTRL_U = '\u0015'
const ERASE = /[\b\u007f]/

/** Whether somebody sits in front who can be asked. */
export function isAskable({ stdin }: Pick<Io, 'stdin'>): boolean {
  return stdin.isTTY === true && stdin.setRawMode !== undefined
}

/**
 * Asks for a line on the terminal that is not shown while it is typed. Backspace and Ctrl-U erase.
 * @throws LedgerError PASSPHRASE_NEEDED when it is broken off with Ctrl-C or Ctrl-D or the input ends; CLOSED by the signal
 */
export async function askSecret(
  { stdin, stderr }: Pick<Io, 'stdin' | 'stderr'>,
  question: string,
  signal?: AbortSignal
): Promise<string> {
  stdin.setRawMode?.(true)
  stderr.write(question)
  try {
    return await typedLine(stdin, signal)
  } finally {
    stdin.setRawMode?.(false)
    stdin.pause()
    stderr.write('\n')
  }
}

function typedLine(stdin: Io['stdin'], signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new StringDecoder('utf8')
    let typed: string[] = []

    function settle(end: () => void): void {
      stdin.off('data', take).off('end', breakOff).off('close', breakOff)
      signal?.removeEventListener('abort', stop)
      end()
    }

    function breakOff(): void {
      settle(() => reject(new LedgerError('PASSPHRASE_NEEDED', 'no passphrase was given')))
    }

    function stop(): void {
      settle(() => reject(new LedgerError('CLOSED', 'stopped while a passphrase was asked for')))
    }

    /** @returns whether the line goes on */
    function takeOne(character: string): boolean {
      if (ENTER.test(character)) settle(() => resolve(typed.join('')))
      else if (character === CTRL_C || character === CTRL_D) breakOff()
      else if (character === CTRL_U) typed = []
      else if (ERASE.test(character)) typed.pop()
      else if (typed.length < CHARS_MAX) typed.push(character)
      return !ENTER.test(character) && character !== CTRL_C && character !== CTRL_D
    }

    function take(piece: Uint8Array | string): void {
      const text = typeof piece === 'string' ? piece : decoder.write(Buffer.from(piece))
      for (const character of text) if (!takeOne(character)) break
    }

    if (signal?.aborted === true) return void stop()
    signal?.addEventListener('abort', stop, { once: true })
    stdin.on('data', take).on('end', breakOff).on('close', breakOff)
    stdin.resume()
  })
}
