import { scenarioTests } from '../support/misbehaving/scenario-tests.js'

scenarioTests('links that are slow, narrow, silent or dead', 'proxies')
