import { scenarioTests } from '../support/misbehaving/scenario-tests.js'

scenarioTests('partners that die, stand still, or lose what they knew', 'loopback')
