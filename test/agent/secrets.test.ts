import t from 'tap'
import { failureOf } from '../../src/agent/claude-failure.ts'
import { scrub, secretsOf } from '../../src/agent/secrets.ts'

const KEY = 'canary-key-0123456789/+='

t.test('the key is taken out however it is written, and so is what stands in the address', async t => {
  const secrets = secretsOf({ apiKey: KEY, baseUrl: 'https://someone:pass-word@proxy.example/v1?token=query-canary' })
  const said = [
    `invalid key ${KEY}`, `?key=${encodeURIComponent(KEY)}`, `{"key":${JSON.stringify(KEY)}}`, 'https://someone:pass-word@proxy.example',
    'token query-canary is unknown', 'x-api-key: another-canary', '"authorization": "Bearer another-canary"', 'sk-ant-api03-another-canary'
  ]
  for (const text of said) t.notMatch(scrub(text, secrets), /canary|pass-word/, text)
})

t.test('words are left alone where the key is no more than a letter', async t => {
  t.equal(scrub('the key k is kept', secretsOf({ apiKey: 'k' })), 'the key k is kept')
})

t.test('of an error only what is on the list is kept', async t => {
  const error = Object.assign(new Error('503 no', { cause: new Error(KEY) }), {
    status: 503, type: 'api_error', requestID: 'req_1', headers: new Headers({ 'x-api-key': KEY, 'retry-after': '2' }), error: { key: KEY }, url: KEY
  })
  t.strictSame(failureOf(error, secretsOf({ apiKey: KEY })), {
    status: 503, type: 'api_error', requestId: 'req_1', message: '503 no', isGarbled: false, passes: true, retryAfterMs: 2000
  })
})
