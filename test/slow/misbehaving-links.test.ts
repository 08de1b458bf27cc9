import { scenarioTests } from '../support/misbehaving/scenario-tests.js'
import { overLinks } from '../support/misbehaving/scenarios.js'

scenarioTests('links that are slow, narrow, silent or dead', overLinks('proxies'), 3)
