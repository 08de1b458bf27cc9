import { scenarioTests } from '../support/misbehaving/scenario-tests.js'

scenarioTests('links that are cut', 'namespaces')
