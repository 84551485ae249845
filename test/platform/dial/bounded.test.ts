import t from 'tap'
import { passwordAccounts } from '../../../src/runner/accounts/login.ts'
import { createClaude } from '../../../src/runner/models/anthropic/claude.ts'
import { thinFetch } from '../../../src/platform/dial/thin-fetch.ts'
import { MEGABYTE, pour, serving } from '../../helpers/flood.ts'

/**
 * Answers that never end, or unpack to hundreds of megabytes: little of them is read, whoever sends
 * them.
 */

const fetch = thinFetch()

t.test('of an answer without an end no more is read than its limit and what is under way', async t => {
  let poured: Promise<number> | undefined
  const url = await serving(t, (_req, res) => {
    poured = pour(res, 400 * MEGABYTE)
  })
  for (const read of ['text', 'json'] as const) {
    await t.rejects((await fetch(url))[read](), {
      message: 'the answer is larger than 1000000 bytes'
    })
    t.ok(
      await poured !== undefined && (await poured ?? 0) < 50 * MEGABYTE,
      'the rest was never sent'
    )
  }
  await t.rejects((await fetch(url, { maxBytes: 5000 })).text(), {
    message: /larger than 5000 bytes/
  })
})

t.test('what unpacks to 400 MB is left at its limit', async t => {
  const url = await serving(t, (_req, res) => {
    res.writeHead(200, { 'content-encoding': 'gzip' })
    pour(res, 400 * MEGABYTE, 'gzip').catch(() => {})
  })
  await t.rejects((await fetch(url)).text(), { message: /larger than/ })
})

t.test('an answer of just the limit is whole, also in many pieces', async t => {
  const url = await serving(t, (_req, res) => {
    res.write('ä'.repeat(100))
    res.end('x'.repeat(800))
  })
  t.equal((await (await fetch(url, { maxBytes: 1000 })).text()).length, 900)
  await t.rejects((await fetch(url, { maxBytes: 999 })).text())
})

t.test('a sign-in service that answers without an end is told as that', async t => {
  const authUrl = await serving(t, (_req, res) => {
    pour(res, 400 * MEGABYTE).catch(() => {})
  })
  const accounts = passwordAccounts({ authUrl, seedSecret: 'a-secret-for-tests' })
  await t.rejects(accounts.signIn({ email: 'a@b.test' } as never, new AbortController().signal), {
    code: 'AUTH_UNREACHABLE',
    message: /larger than 1000000 bytes/
  })
})

function claude (baseUrl: string) {
  return createClaude({ apiKey: 'k', model: 'm', baseUrl, retry: { quickMs: 1, baseMs: 1 } })
}

const REQUEST = {
  system: 's',
  tools: [],
  messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }],
  maxTokens: 100
}

t.test('a reply of the model without an end is asked for once more, and then told', async t => {
  let requests = 0
  const url = await serving(t, (_req, res) => {
    requests++
    res.writeHead(200, { 'content-type': 'application/json' })
    pour(res, 400 * MEGABYTE).catch(() => {})
  })
  await t.rejects(
    claude(url).complete(REQUEST as never, { signal: new AbortController().signal }),
    {
      code: 'MODEL_BAD_ANSWER',
      message: /larger than 4000000 bytes/
    }
  )
  t.ok(requests >= 2 && requests <= 3, `${requests} requests`)
})

t.test('of ten thousand calls in one reply the first 64 are kept', async t => {
  const content = Array.from(
    { length: 10_000 },
    (_, i) => ({ type: 'tool_use', id: `toolu_${i}`, name: 'a', input: {} })
  )
  const url = await serving(t, (_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' })
    res.end(JSON.stringify({
      id: 'msg',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content,
      stop_reason: 'tool_use',
      usage: { input_tokens: 1, output_tokens: 1 }
    }))
  })
  const reply = await claude(url).complete(REQUEST as never, {
    signal: new AbortController().signal
  })
  t.equal(reply.content.length, 64)
  t.match(reply.content.at(-1), { id: 'toolu_63' })
})
