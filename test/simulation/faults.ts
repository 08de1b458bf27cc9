import type { Flippable } from './virtual-disk.js'
import type { Deafness } from './virtual-link.js'

/** Something that goes wrong at a time and for a while, milliseconds. Partners are named by their index. */
export type Fault = Span & (LinkFault | NodeFault | DiskFault | LossFault)

export interface Span {
  readonly atMs: number
  readonly forMs: number
}

export type FaultKind = Fault['kind']

/** Between partners. */
export type LinkFault =
  /** Nothing passes between two groups; with `flapMs` it does, and does not, in turns of so long. */
  | { readonly kind: 'partition'; readonly group: readonly number[]; readonly flapMs: number | null }
  | {
      readonly kind: 'isolate'
      readonly partner: number
      readonly direction: 'in' | 'out' | 'both'
      readonly flapMs: number | null
    }
  | { readonly kind: 'cut'; readonly from: number; readonly to: number }
  /** A voter falls silent in the middle of a round, and hears on. */
  | { readonly kind: 'mute-after-vote'; readonly partner: number }
  /**
   * One of four alone sees a block decided and falls silent, two are locked on it, and the fourth, who knows nothing of
   * it, may propose another: where locks are wrong, copies differ.
   */
  | { readonly kind: 'hidden-lock'; readonly partner: number; readonly ignorant: number }
  | { readonly kind: 'deaf'; readonly partner: number; readonly to: Deafness; readonly share: number }
  | { readonly kind: 'loss'; readonly share: number }
  | { readonly kind: 'duplicates'; readonly share: number }
  | { readonly kind: 'disorder'; readonly share: number }
  /** What a partner sends, or is sent, is held up and comes in one go. */
  | { readonly kind: 'clog'; readonly partner: number; readonly direction: 'in' | 'out' | 'both' }
  | { readonly kind: 'slow-links'; readonly partner: number; readonly factor: number }
  /** Proposals reach nobody and one partner hears nothing at all: the others go from round to round. */
  | { readonly kind: 'no-proposals'; readonly isolated: number }

/** Of a running node. */
export type NodeFault =
  /** At once, or right after the next vote, proposal or batch has left; or the next own batch. */
  | { readonly kind: 'crash'; readonly partner: number; readonly moment: 'now' | 'after-send' | 'after-batch' }
  | { readonly kind: 'stop'; readonly partner: number }
  | { readonly kind: 'all-crash' }
  | { readonly kind: 'pause'; readonly partner: number }
  | { readonly kind: 'clock-jump'; readonly partner: number; readonly byMs: number }

/** Of a disk, nothing is lost. */
export type DiskFault =
  | { readonly kind: 'slow-disk'; readonly partner: number; readonly factor: number }
  /** The node stops by itself, and is started when there is room again. */
  | { readonly kind: 'full-disk'; readonly partner: number }

/** Of a disk, something is lost: only of those whom the others can do without. */
export type LossFault =
  | { readonly kind: 'wipe'; readonly partner: number }
  /** One value is not what was written; the node crashes, and finds out when it reads it. */
  | { readonly kind: 'flip'; readonly partner: number; readonly what: Flippable; readonly share: number }
  /** The disk is as it was `ageMs` before. */
  | { readonly kind: 'old-disk'; readonly partner: number; readonly ageMs: number }
