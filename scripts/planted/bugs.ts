import { CHAIN_BUGS } from './chain-bugs.js'
import { DURABILITY_BUGS } from './durability-bugs.js'
import { EFFECT_BUGS } from './effect-bugs.js'
import { EVOLUTION_BUGS } from './evolution-bugs.js'
import { EXCHANGE_BUGS } from './exchange-bugs.js'
import { GOVERNANCE_BUGS } from './governance-bugs.js'
import { KEPT_BUGS } from './kept-bugs.js'
import { MACHINE_BUGS } from './machine-bugs.js'
import type { PlantedBug } from './planted-bug.js'
import { RECOVERY_BUGS } from './recovery-bugs.js'
import { VERSION_BUGS } from './version-bugs.js'

/** All of them. */
export const BUGS: readonly PlantedBug[] = [
  ...MACHINE_BUGS,
  ...DURABILITY_BUGS,
  ...CHAIN_BUGS,
  ...EXCHANGE_BUGS,
  ...EFFECT_BUGS,
  ...GOVERNANCE_BUGS,
  ...VERSION_BUGS,
  ...EVOLUTION_BUGS,
  ...RECOVERY_BUGS,
  ...KEPT_BUGS
]
