import type { Goal } from './figure.js'

/**
 * What is asked of the figures by their names: four partners as processes on a machine with 2 cores, Node 20, real
 * defaults, 300-byte records with two rules and a reference.
 */
export const GOALS: Readonly<Record<string, Goal>> = {
  'streaming: CPU a record and node': { must: 20, aim: 10 },
  'streaming: memory of a node, peak': { must: 350 },
  'streaming: disk a record': { must: 400, aim: 250 },
  'streaming: rate': { must: 25_000 },
  'streaming: rate against the prototype': { must: 0.55 },
  'streaming: event-loop delay p99': { must: 50 },
  'streaming: verify': { must: 30_000 },
  'streaming: start to ready': { must: 2 },
  'overlapping: rate': { must: 20_000 },
  'single: p50': { must: 8 },
  'single: p99': { must: 30 },
  'clients: rate': { must: 3_000 },
  'catch-up: rate': { must: 40_000 },
  'growth: rate against the short chain': { must: 0.9 },
  'dead-partner: rate against four': { must: 0.8 },
  'dead-partner: longest gap': { must: 3 },
  'delay: single p50': { must: 600 },
  'delay: rate against local': { must: 0.9 }
}
