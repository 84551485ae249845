import t from 'tap'
import { failureOf } from '../../src/runner/models/anthropic/failure.ts'
import { hideIn, scrub, secretsOf } from '../../src/platform/secrets.ts'

const KEY = 'canary-key-0123456789/+='

t.test('the key is taken out however it is written, and so is what stands in the address', async t => {
  const secrets = secretsOf({
    apiKey: KEY,
    baseUrl: 'https://someone:pass-word@proxy.example/v1?token=query-canary'
  })
  const said = [
    `invalid key ${KEY}`,
    `?key=${encodeURIComponent(KEY)}`,
    `{"key":${JSON.stringify(KEY)}}`,
    'https://someone:pass-word@proxy.example',
    'token query-canary is unknown',
    'x-api-key: another-canary',
    '"authorization": "Bearer another-canary"',
    'sk-ant-api03-another-canary'
  ]
  for (const text of said) t.notMatch(scrub(text, secrets), /canary|pass-word/, text)
})

t.test('words are left alone where the key is no more than a letter', async t => {
  t.equal(scrub('the key k is kept', secretsOf({ apiKey: 'k' })), 'the key k is kept')
})

t.test('what a persona signs in with is taken out of an answer wherever it stands, however deep', async t => {
  const token = 'canary-token'
  const answer = {
    text: `you sent ${token}, ${token}!`,
    list: [token, 5, null, { deep: [`Bearer ${token}`] }],
    left: 'alone',
    no: false
  }
  t.strictSame(hideIn(answer, [token, 'left', '']), {
    text: 'you sent [secret], [secret]!',
    list: ['[secret]', 5, null, { deep: ['Bearer [secret]'] }],
    left: 'alone',
    no: false
  }, 'and short words stay')
  t.strictSame(hideIn({ [token]: { [`a ${token}`]: 1 } }, [token]), {
    '[secret]': { 'a [secret]': 1 }
  }, 'names of fields too')
  const deep = JSON.parse(`${'['.repeat(100_000)}"${token}"${']'.repeat(100_000)}`)
  hideIn(deep, [token])
  let inner: unknown = deep
  while (Array.isArray(inner)) inner = inner[0]
  t.equal(inner, '[secret]')
  t.equal(hideIn(undefined, [token]), undefined)
})

t.test('of an error only what is on the list is kept', async t => {
  const error = Object.assign(new Error('503 no', { cause: new Error(KEY) }), {
    status: 503,
    type: 'api_error',
    requestID: 'req_1',
    headers: new Headers({ 'x-api-key': KEY, 'retry-after': '2' }),
    error: { key: KEY },
    url: KEY
  })
  t.strictSame(failureOf(error, secretsOf({ apiKey: KEY })), {
    status: 503,
    type: 'api_error',
    requestId: 'req_1',
    message: '503 no',
    isGarbled: false,
    passes: true,
    retryAfterMs: 2000
  })
})
