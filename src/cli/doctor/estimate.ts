import { usdOf, type Price, type Usage } from '../../runner/models/prices.ts'
import type { Config } from '../../platform/config.ts'
import type { Amount } from './schemas.ts'

/**
 * What a day may cost before anybody has lived one: by the list of tools, the limits and the rules
 * of the prompt cache. Pure.
 */

/**
 * Of a day in the sample app (docs/performance.md, `cost`): what each request adds to the
 * conversation, and gets back.
 */
const ADDED_TOKENS = 300
const REPLY_TOKENS = 55
/** The API caches nothing that is shorter. */
const LEAST_CACHED_TOKENS = 1024

type Limits = Pick<Config, 'MAX_TURNS' | 'MAX_INPUT_TOKENS' | 'MAX_OUTPUT_TOKENS' | 'MAX_RUN_USD'>

/**
 * @returns low: one turn, with the tools in the cache; expected: all turns that are allowed, each
 *   as in the sample app, with the tools to be written; high: all limits reached
 */
export function estimateRun (price: Price, listTokens: number, limits: Limits): Amount {
  const most = limits.MAX_RUN_USD ?? Infinity
  const usd = (usage: Usage) => Math.min(most, usdOf(price, usage))
  return {
    low: usd(requestsOf(1, listTokens, { isWarm: true })),
    expected: usd(atMost(limits, requestsOf(limits.MAX_TURNS + 1, listTokens, { isWarm: false }))),
    high: usd(allOf(listTokens, limits))
  }
}

/**
 * Each request reads what the one before it wrote. @param isWarm the list of tools is in the cache
 * already
 */
function requestsOf (requests: number, listTokens: number, { isWarm }: { isWarm: boolean }): Usage {
  const usage: Usage = {
    inputTokens: 0,
    outputTokens: requests * REPLY_TOKENS,
    cacheWriteTokens: 0,
    cacheReadTokens: 0
  }
  let cached = isWarm && listTokens >= LEAST_CACHED_TOKENS ? listTokens : 0
  for (let i = 1; i <= requests; i++) {
    const prompt = listTokens + i * ADDED_TOKENS
    if (prompt < LEAST_CACHED_TOKENS) usage.inputTokens += prompt
    else {
      usage.cacheReadTokens += cached
      usage.cacheWriteTokens += prompt - cached
      cached = prompt
    }
  }
  return usage
}

function atMost ({ MAX_INPUT_TOKENS, MAX_OUTPUT_TOKENS }: Limits, usage: Usage): Usage {
  return {
    ...usage,
    cacheWriteTokens: Math.min(MAX_INPUT_TOKENS, usage.cacheWriteTokens),
    outputTokens: Math.min(MAX_OUTPUT_TOKENS, usage.outputTokens)
  }
}

/** All that a day may send, sent with its first turn and read again with each that follows. */
function allOf (
  listTokens: number,
  { MAX_TURNS, MAX_INPUT_TOKENS, MAX_OUTPUT_TOKENS }: Limits
): Usage {
  const written = Math.max(MAX_INPUT_TOKENS, listTokens)
  return {
    inputTokens: 0,
    cacheWriteTokens: written,
    cacheReadTokens: written * MAX_TURNS,
    outputTokens: MAX_OUTPUT_TOKENS
  }
}

/** Runs of a persona on an average day of the week. */
export const RUNS_PER_DAY = { hourly: 24, daily: 1, weekdays: 5 / 7 }
export const DAYS_PER_MONTH = 365.25 / 12

export function times ({ low, expected, high }: Amount, factor: number): Amount {
  return { low: low * factor, expected: expected * factor, high: high * factor }
}

export function sum (amounts: Amount[]): Amount {
  const add = (a: Amount, b: Amount) => ({
    low: a.low + b.low,
    expected: a.expected + b.expected,
    high: a.high + b.high
  })
  return amounts.reduce(add, { low: 0, expected: 0, high: 0 })
}
