import { scenarioTests } from '../support/misbehaving/scenario-tests.js'
import { VERSION_SCENARIOS } from '../support/misbehaving/version-scenarios.js'

scenarioTests('partners of different versions', VERSION_SCENARIOS, 3)
