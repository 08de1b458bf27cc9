import type { Goal } from './figure.js'

/**
 * What is asked of the figures by their names: four partners as processes on a machine with 2 cores, Node 20, real
 * defaults, 300-byte records with two rules and a reference.
 */
export const GOALS: Readonly<Record<string, Goal>> = {
  'streaming: CPU a record and node': { must: 20, aim: 10 },
  'streaming: memory of a node, peak': { must: 350, aim: 250 },
  'streaming: disk a record': { must: 400, aim: 250 },
  'streaming: rate': { must: 25_000, aim: 40_000 },
  'streaming: rate against the prototype': { must: 0.55, aim: 0.9 },
  'streaming: event-loop delay p99': { must: 50, aim: 20 },
  'streaming: verify': { must: 30_000, aim: 100_000 },
  'streaming: start to ready': { must: 2, aim: 1 },
  'overlapping: rate': { must: 20_000, aim: 35_000 },
  'single: p50': { must: 8, aim: 4 },
  'single: p99': { must: 30 },
  'clients: rate': { must: 3_000, aim: 8_000 },
  'catch-up: rate': { must: 40_000, aim: 80_000 },
  'growth: rate against the short chain': { must: 0.9, aim: 0.97 },
  'dead-partner: rate against four': { must: 0.8, aim: 0.95 },
  'dead-partner: longest gap': { must: 3, aim: 1 },
  'delay: single p50': { must: 600, aim: 450 },
  'delay: rate against local': { must: 0.9 }
}
