import t from 'tap'
import {
  mostUsdOf,
  priceOf,
  PRICES_AS_OF,
  usdOf,
  type Price
} from '../../../src/runner/models/prices.ts'

const usage = { inputTokens: 0, outputTokens: 0, cacheWriteTokens: 0, cacheReadTokens: 0 }
const known = (model: string): Price => {
  const price = priceOf(model)
  if (price === undefined) throw new Error(`no price for ${model}`)
  return price
}

t.test('a model is found by its id, with or without the date of a snapshot, and by nothing else', async t => {
  t.match(priceOf('claude-sonnet-5-5'), { input: 2, output: 10, cacheWrite: 2.5, cacheRead: 0.1 })
  t.same(priceOf('claude-haiku-4-5-20251001'), priceOf('claude-haiku-4-5'))
  for (
    const name of [
      'claude-sonnet-5-55',
      'claude-sonnet',
      '',
      'constructor',
      'claude-sonnet-5-5-beta'
    ]
  ) t.equal(priceOf(name), undefined, name)
  t.match(PRICES_AS_OF, /^\d{4}-\d\d-\d\d$/)
})

t.test('each kind of token has its own price', async t => {
  const price = known('claude-sonnet-5-5')
  const dollars = (part: Partial<typeof usage>) => usdOf(price, { ...usage, ...part })
  t.equal(dollars({ inputTokens: 1_000_000 }), 2)
  t.equal(dollars({ outputTokens: 1_000_000 }), 10)
  t.equal(dollars({ cacheWriteTokens: 1_000_000 }), 2.5)
  t.equal(dollars({ cacheReadTokens: 1_000_000 }), 0.1)
  t.equal(
    dollars({ inputTokens: 500, outputTokens: 100, cacheReadTokens: 10_000 }),
    (1000 + 1000 + 1000) / 1_000_000
  )
})

t.test('a long prompt costs more on every token where the model says so, cache included', async t => {
  const price = known('claude-haiku-5-5')
  t.equal(
    usdOf(price, { ...usage, cacheReadTokens: 100_000, outputTokens: 1000 }),
    (100_000 * 0.01 + 1000 * 0.5) / 1_000_000
  )
  t.equal(
    usdOf(price, { ...usage, cacheReadTokens: 100_001, outputTokens: 1000 }),
    (100_001 * 0.05 + 1000 * 2.5) / 1_000_000
  )
})

t.test('what a request costs at most is never less than what it costs', async t => {
  for (const model of ['claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-opus-5-5']) {
    for (const tokens of [10, 5000, 90_000, 150_000]) {
      const most = mostUsdOf(known(model), tokens * 3, 4096)
      for (const kind of ['inputTokens', 'cacheWriteTokens', 'cacheReadTokens'] as const) {
        t.ok(
          most >= usdOf(known(model), { ...usage, [kind]: tokens, outputTokens: 4096 }),
          `${model} ${tokens} ${kind}`
        )
      }
    }
  }
})
