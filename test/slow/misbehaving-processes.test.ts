import { scenarioTests } from '../support/misbehaving/scenario-tests.js'
import { overLinks } from '../support/misbehaving/scenarios.js'

scenarioTests('partners that die, stand still, or lose what they knew', overLinks('loopback'), 3)
