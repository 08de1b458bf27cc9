import { commitHash, firstSeedOf } from '../simulation/commit-seeds.js'
import { shortScenario } from '../support/misbehaving/random-scenario.js'
import { scenarioTests } from '../support/misbehaving/scenario-tests.js'

/** The first has a disk that fills up; the others come with the commit. For hours of them: npm run soak. */
const FIXED = 9
const SECONDS_MAX = 45

const LINKS = ['loopback', 'proxies', 'namespaces'] as const

scenarioTests('random scenarios', [
  shortScenario(FIXED, LINKS, SECONDS_MAX),
  shortScenario(firstSeedOf(commitHash()), LINKS, SECONDS_MAX)
])
