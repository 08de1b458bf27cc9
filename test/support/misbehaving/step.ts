import type { Weather } from './proxy.js'

/** What joins the nodes: the loopback alone, a proxy before each, or a network namespace for each. */
export type Links = 'loopback' | 'proxies' | 'namespaces'

/** One thing that happens to a network. A scenario is a list of them, so that it can be printed and run again. */
export type Step = PartnerStep | NetworkStep

/** Something that happens to each of these partners. */
export type PartnerStep = { readonly who: readonly string[] } /** SIGKILL. */ & (
  | { readonly do: 'kill' }
  /** SIGTERM if it runs, and a start. */
  | { readonly do: 'restart' }
  /** SIGSTOP, until `resume` or the end. */
  | { readonly do: 'pause' }
  | { readonly do: 'resume' }
  /** Killed; the store is gone, and everything else is there; started again. */
  | { readonly do: 'lose the copy' }
  /** Killed; everything is gone but the key; started with its old invitation. Not for the founder. */
  | { readonly do: 'lose all but the key' }
  /** Stopped, its whole home copied, started again. */
  | { readonly do: 'back up' }
  /** Killed; the whole home is that of the back-up, sign guard and all; started again. */
  | { readonly do: 'restore' }
  /** SIGTERM if it runs, and a start of another build on its home: one of test/fixtures/builds, or null for the present one. */
  | { readonly do: 'change the build'; readonly build: string | null }
  /** Nothing more fits on its disk, and it has to stop of itself; room again at the end. For {@link Scenario.smallDisk} only. */
  | { readonly do: 'fill the disk' }
  /** With proxies: what passes on the way to and from it. */
  | { readonly do: 'weather'; readonly weather: Weather }
  /** With proxies: connections that others opened to it are dead, and the others are not told. */
  | { readonly do: 'abandon' }
)

export type NetworkStep =
  /** Lasts until all who run see that these are not connected. */
  | { readonly do: 'be missed'; readonly who: readonly string[] }
  /** The load goes on for a while. */
  | { readonly do: 'wait'; readonly seconds: number }
  /** With namespaces: what these send to those is lost. */
  | { readonly do: 'silence'; readonly from: readonly string[]; readonly to: readonly string[] }
  /** All links are as they were. */
  | { readonly do: 'mend the links' }

export interface Scenario {
  readonly name: string
  readonly links: Links
  /** Whose home is on a disk of a few MiB of its own. @default nobody's */
  readonly smallDisk?: string
  /** Which of test/fixtures/builds all begin with. @default the present build */
  readonly build?: string
  readonly steps: readonly Step[]
  /** That the others must not stop for longer than this many milliseconds at any time. @default not asked */
  readonly pauseMsMax?: number
}

/** Both ways. */
export function cut(some: readonly string[], others: readonly string[]): Step[] {
  return [
    { do: 'silence', from: some, to: others },
    { do: 'silence', from: others, to: some }
  ]
}
