import { readFileSync } from 'node:fs'
import { pathOf } from '../../platform/paths.ts'

/** What a reply costs. The figures stand in `prices.json`, with their date and source. */

/** Tokens of one reply, by the kinds a provider bills differently. */
export interface Usage {
  inputTokens: number
  outputTokens: number
  cacheWriteTokens: number
  cacheReadTokens: number
}

/** US dollars per million tokens, by the kinds that are billed differently. */
interface Rates {
  input: number
  output: number
  cacheWrite: number
  cacheRead: number
}

/** Some models cost more, on every token of a request, when its prompt is long. */
export interface Price extends Rates {
  longPrompt?: Rates & { aboveTokens: number }
}

interface PriceList {
  asOf: string
  models: Record<string, Price>
}

const LIST = JSON.parse(readFileSync(pathOf('src/runner/models/prices.json'), 'utf8')) as PriceList

/** The day of the price list, as ISO 8601. */
export const PRICES_AS_OF = LIST.asOf

/**
 * The price of a model by its id, with or without the date of a snapshot behind it. Undefined: not
 * on the list.
 */
export function priceOf (model: string): Price | undefined {
  const id = model.replace(/-\d{8}$/, '')
  return Object.hasOwn(LIST.models, id) ? LIST.models[id] : undefined
}

/** US dollars for one reply. */
export function usdOf (price: Price, usage: Usage): number {
  const prompt = usage.inputTokens + usage.cacheWriteTokens + usage.cacheReadTokens
  const rates = ratesFor(price, prompt)
  return (usage.inputTokens * rates.input + usage.cacheWriteTokens * rates.cacheWrite +
    usage.cacheReadTokens * rates.cacheRead + usage.outputTokens * rates.output) / 1_000_000
}

/** A token is hardly ever shorter than this, in characters of JSON. */
const LEAST_CHARACTERS_PER_TOKEN = 2

/**
 * US dollars that a request of so many characters costs at most: nothing of it cached, the reply as
 * long as it may be.
 */
export function mostUsdOf (price: Price, promptCharacters: number, maxReplyTokens: number): number {
  const prompt = promptCharacters / LEAST_CHARACTERS_PER_TOKEN
  const rates = ratesFor(price, prompt)
  return (prompt * Math.max(rates.input, rates.cacheWrite) + maxReplyTokens * rates.output) /
    1_000_000
}

function ratesFor ({ longPrompt, ...rates }: Price, promptTokens: number): Rates {
  return longPrompt !== undefined && promptTokens > longPrompt.aboveTokens ? longPrompt : rates
}
