import { usdOf } from '../../runner/models/prices.ts'
import { failed, findingOf, notChecked, ok } from './finding.ts'
import type { Finding } from './schemas.ts'
import type { Setup } from './setup.ts'
import { dollars } from './words.ts'

/**
 * One request of a few tokens: the key, the address and the name of the model are right, and there
 * is credit.
 */

const MAX_TOKENS = 16
const TIMEOUT_MS = 60_000

const QUESTION = {
  system: 'Answer with one word.',
  tools: [],
  messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'Say OK.' }] }],
  maxTokens: MAX_TOKENS
}

export async function checkModel ({ config, model }: Setup, asks: boolean): Promise<Finding> {
  if (config.ANTHROPIC_API_KEY === undefined) {
    return notChecked('model', 'ANTHROPIC_API_KEY is not set', { todo: 'set it in .env' })
  }
  if (!asks) return notChecked('model', '--no-model: no request that costs money was sent')
  const todo = 'check ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL and ANTHROPIC_MODEL'
  return findingOf('model', { todo }, async () => {
    const since = performance.now()
    // No time for another try: whoever waits for this wants to know now.
    const { model: answered, usage } = await model.complete(QUESTION, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      remainingMs: 0
    })
    const ms = Math.round(performance.now() - since)
    const tokens = `${
      usage.inputTokens + usage.cacheWriteTokens + usage.cacheReadTokens
    } + ${usage.outputTokens} tokens`
    if (model.price === null) {
      return failed(
        'model',
        `${answered} answers in ${ms} ms (${tokens}), but its price is not known`,
        {
          todo: 'set MODEL_PRICE, such as 2/10, or no limit in US dollars can be kept'
        }
      )
    }
    const { input, output } = model.price
    return ok(
      'model',
      `${answered} answers in ${ms} ms; this request cost ${dollars(usdOf(model.price, usage))} ` +
        `(${tokens}, at $${input}/$${output} per million)`
    )
  })
}
