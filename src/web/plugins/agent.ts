import { createHash } from 'node:crypto'
import fp from 'fastify-plugin'
import { createClaude } from '../../runner/models/anthropic/claude.ts'
import { priceOf, PRICES_AS_OF, type Price } from '../../runner/models/prices.ts'
import type { Config } from '../../platform/config.ts'
import { ConfigError } from '../../platform/errors.ts'
import type { AllServices } from '../../runner/runs/breakers.ts'
import type { RunDependencies } from '../../runner/runs/execute-run.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The model, and the first app. */
    agent: Pick<RunDependencies, 'model' | 'accounts' | 'openToolbox' | 'toolPolicy'>
    /**
     * What the runs depend on, by the ids under which all processes share what they find out about
     * it.
     */
    services: {
      model: string
      /** As the apps are by now. */
      all(): Promise<AllServices>
    }
  }
}

/** Decorates `app.agent`: the model and the first app, as the environment names them. */
export default fp(async app => {
  const { ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, ANTHROPIC_MODEL } = app.config
  const price = knownPrice(app.config, message => app.log.warn(message))
  const { accounts, openToolbox, toolPolicy } = app.apps.first
  const model = `model:${fingerprint(ANTHROPIC_BASE_URL, ANTHROPIC_API_KEY, ANTHROPIC_MODEL)}`
  app.decorate('services', { model, all: async () => ({ model, apps: await app.apps.breakers() }) })
  app.decorate('agent', {
    // Without a key the runner is off (web/plugins/scheduler.ts), so this one never goes out.
    model: createClaude({
      apiKey: ANTHROPIC_API_KEY ?? 'not-set',
      baseUrl: ANTHROPIC_BASE_URL,
      model: ANTHROPIC_MODEL,
      price,
      maxAnswerBytes: app.config.MAX_ANSWER_BYTES
    }),
    accounts,
    openToolbox,
    toolPolicy
  })
}, { name: 'agent', dependencies: ['env', 'apps'] })

/** Tells addresses and keys apart without showing them. */
function fingerprint (...parts: (string | undefined)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 8)
}

/** @throws ConfigError where a limit in US dollars is set that nobody could keep */
function knownPrice (config: Config, warn: (message: string) => void): Price | undefined {
  const { ANTHROPIC_MODEL, MODEL_PRICE, MAX_RUN_USD, DAILY_BUDGET_USD, UNKNOWN_PRICE } = config
  if (MODEL_PRICE !== undefined) return toPrice(MODEL_PRICE)
  const price = priceOf(ANTHROPIC_MODEL)
  if (price !== undefined || (MAX_RUN_USD === undefined && DAILY_BUDGET_USD === undefined)) {
    return price
  }
  const name = MAX_RUN_USD === undefined ? 'DAILY_BUDGET_USD' : 'MAX_RUN_USD'
  const problem =
    `${name} is set, but the price of ANTHROPIC_MODEL "${ANTHROPIC_MODEL}" is not on the list of ${PRICES_AS_OF}.`
  if (UNKNOWN_PRICE === 'refuse') {
    throw new ConfigError(
      `${problem} Set MODEL_PRICE, such as 2/10, or UNKNOWN_PRICE=warn to run without that limit.`
    )
  }
  warn(`${problem} The limit has no effect; set MODEL_PRICE to give it one.`)
  return undefined
}

/**
 * Writing the cache costs a quarter more than input, reading it a tenth, as on most of the list.
 */
function toPrice (text: string): Price {
  const [input = 0, output = 0] = text.split('/').map(Number)
  return { input, output, cacheWrite: input * 1.25, cacheRead: input * 0.1 }
}
