import { scenarioTests } from '../support/misbehaving/scenario-tests.js'
import { overLinks } from '../support/misbehaving/scenarios.js'

scenarioTests('links that are cut', overLinks('namespaces'), 3)
