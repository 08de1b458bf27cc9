import * as assert from 'uvu/assert'
import type { ConsensusState } from '../../../src/consensus/state.js'
import type { Input } from '../../../src/consensus/types.js'
import { suite } from '../../support/suite.js'
import {
  checked,
  lines,
  type MachineOptions,
  machine,
  precommits,
  prevotes,
  proposal,
  timeout,
  work
} from './machine.js'

/** The machine is voter d of a, b, c, d, who propose rounds 0 to 3 in this order. Q = 3, f = 1. */
export interface Case {
  readonly name: string
  readonly options?: MachineOptions
  readonly given: readonly Input[]
  readonly input: Input
  readonly expect: readonly string[]
  readonly after?: Partial<Pick<ConsensusState, 'step' | 'round' | 'locked'>> & {
    readonly valid?: [string, number] | null
  }
}

/** d has prevoted x in round 0. */
export const prevotedX = [work, proposal(0, 'x'), checked(0, 'x')]
/** d is locked on x in round 0. */
export const lockedX = [...prevotedX, ...prevotes('ab', 0, 'x')]
/** d is locked on x and in round 1. */
export const lockedInRound1 = [...lockedX, ...precommits('ab', 0, null), timeout('precommit', 0)]
/** d, not locked, in round 1, after a round 0 without proposal. */
export const freeInRound1 = [work, ...precommits('abc', 0, null), timeout('precommit', 0)]

/** Makes one suite of a table: given what was before, the input has exactly these effects. */
export function runCases(title: string, cases: readonly Case[]): void {
  const test = suite(title)
  for (const { name, options, given, input, expect, after } of cases) {
    test(name, () => {
      const subject = machine(options)
      subject.give(...given)
      assert.equal(lines(subject.give(input)), expect)
      const { valid, ...rest } = after ?? {}
      for (const [member, value] of Object.entries(rest)) {
        assert.equal(subject.state[member as keyof ConsensusState], value, member)
      }
      if (valid === undefined) return
      const found = subject.state.valid
      assert.equal(found === null ? null : [found.block, found.round], valid, 'valid')
    })
  }
  test.run()
}
