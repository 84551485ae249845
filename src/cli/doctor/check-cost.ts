import type { Price } from '../../runner/models/prices.ts'
import type { Config } from '../../platform/config.ts'
import type { RunCosts } from '../../runner/runs/run-costs.ts'
import { NO_PERSONAS } from './check-sign-in.ts'
import { DAYS_PER_MONTH, estimateRun, sum, times } from './estimate.ts'
import { failed, notChecked, ok } from './finding.ts'
import type { Amount, AppCost, AppFacts, Cost, Finding } from './schemas.ts'
import type { CastOfApp } from './setup.ts'
import { count, dollars } from './words.ts'

/** What the cast as it is will cost, beside what a day may cost. Pure. */

/** Fewer runs say less than the limits do. */
const ENOUGH_RUNS = 10

interface Known {
  config: Config
  price: Price | null
  apps: AppFacts[]
  /** By app; null: it is not known who lives there. */
  cast: ReadonlyMap<string, CastOfApp> | null
  measured: ReadonlyMap<string, RunCosts>
}

export function checkCost (known: Known): { finding: Finding, cost: Cost | null } {
  const { config, price, apps, cast } = known
  if (price === null) {
    const says = `the price of ${config.ANTHROPIC_MODEL} is not known`
    return { cost: null, finding: failed('cost', says, { todo: 'set MODEL_PRICE, such as 2/10' }) }
  }
  const costs = costsOf({ ...known, price })
  if (costs.length === 0) {
    return { cost: null, finding: notChecked('cost', 'no app could be asked for its tools') }
  }
  const perDay = sum(costs.map(({ perRun, runsPerDay }) => times(perRun, runsPerDay)))
  const cost: Cost = {
    apps: costs,
    perDay,
    perMonth: times(perDay, DAYS_PER_MONTH),
    dailyBudgetUsd: config.DAILY_BUDGET_USD ?? null
  }
  const perRun = costs.map(({ app, perRun }) =>
    `${costs.length > 1 ? `${app} ` : ''}${range(perRun)} a run`
  ).join(', ')
  const personas = apps.reduce((sum, { name }) => sum + (cast?.get(name)?.personas ?? 0), 0)
  const basis = basisOf(costs)
  if (cast === null) {
    return {
      cost,
      finding: ok('cost', `${perRun}; ${basis}; how many personas there are stands in the database`)
    }
  }
  if (personas === 0) return { cost, finding: ok('cost', `${perRun}; ${basis}; ${NO_PERSONAS}`) }
  const says = `${perRun}, ${range(perDay)} a day, ${range(cost.perMonth)} a month for ${
    count(personas, 'persona')
  }; ${basis}`
  return { cost, finding: besideBudget(says, perDay, cost.dailyBudgetUsd) }
}

function costsOf ({ config, price, apps, cast, measured }: Known & { price: Price }): AppCost[] {
  const known = [...new Set([...apps.map(({ name }) => name), ...measured.keys()])]
  return known.flatMap((app): AppCost[] => {
    const runs = measured.get(app)
    const facts = apps.find(({ name }) => name === app)
    const runsPerDay = cast?.get(app)?.runsPerDay ?? 0
    const shared = { app, measuredRuns: runs?.runs ?? 0, runsPerDay }
    if (runs !== undefined && runs.runs >= ENOUGH_RUNS) {
      return [{
        ...shared,
        basis: 'measured',
        perRun: { low: runs.low, expected: runs.mean, high: runs.high }
      }]
    }
    return facts === undefined
      ? []
      : [{ ...shared, basis: 'estimated', perRun: estimateRun(price, facts.listTokens, config) }]
  })
}

const range = ({ low, expected, high }: Amount) =>
  `about ${dollars(expected)} (${dollars(low)} to ${dollars(high)})`

function basisOf (costs: AppCost[]): string {
  const runs = costs.filter(({ basis }) => basis === 'measured').reduce(
    (sum, { measuredRuns }) => sum + measuredRuns,
    0
  )
  const estimate = 'estimated from the list of tools, the limits and the rules of the cache'
  if (runs === 0) return estimate
  const measured = `measured in ${
    count(runs, 'run')
  } of the last 30 days, of which 8 in 10 lie in the range`
  return costs.every(({ basis }) => basis === 'measured')
    ? measured
    : `${measured}, else ${estimate}`
}

function besideBudget (says: string, { expected, high }: Amount, budget: number | null): Finding {
  if (budget === null) {
    return ok('cost', `${says}; DAILY_BUDGET_USD is not set, so no amount ends a day`)
  }
  if (expected <= budget) {
    return ok(
      'cost',
      `${says}; ${high <= budget ? 'within' : 'as a rule within'} DAILY_BUDGET_USD=${budget}`
    )
  }
  const todo =
    'raise DAILY_BUDGET_USD, or set fewer personas, a slower cadence or a smaller MAX_TURNS'
  return failed(
    'cost',
    `${says}; that is above DAILY_BUDGET_USD=${budget}, and days that it does not pay for will not be lived`,
    { todo }
  )
}
