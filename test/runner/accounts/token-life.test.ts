import fc from 'fast-check'
import t from 'tap'
import { renewAt } from '../../../src/runner/accounts/token-life.ts'

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = (claims: unknown) => `${part({ alg: 'HS256' })}.${part(claims)}.signature`
const NOW = Date.parse('2026-11-23T10:00:00Z')
const seconds = NOW / 1000
const MINUTE = 60_000

t.test('a token is renewed a minute before it ends, by its own two times', async t => {
  const cases: [what: string, token: string, expected: number | null][] = [
    ['an hour', jwt({ iat: seconds, exp: seconds + 3600 }), NOW + 59 * MINUTE],
    [
      'an hour by a clock that is a day behind',
      jwt({ iat: seconds - 86_400, exp: seconds - 86_400 + 3600 }),
      NOW + 59 * MINUTE
    ],
    ['an hour by our clock', jwt({ exp: seconds + 3600 }), NOW + 59 * MINUTE],
    ['shorter than two minutes', jwt({ iat: seconds, exp: seconds + 60 }), NOW + MINUTE / 2],
    ['past by our clock, which may be wrong', jwt({ exp: seconds - 5 }), null],
    ['no end', jwt({ iat: seconds }), null],
    ['an end that is no number', jwt({ exp: 'soon' }), null],
    ['claims that are none', jwt(null), null],
    ['no claims', 'a.%%%.c', null],
    ['no JSON Web Token', 'b1946ac9-2492-4d23-8c5b-1e2a3b4c5d6e', null],
    ['nothing', '', null]
  ]
  for (const [what, token, expected] of cases) t.equal(renewAt(token, NOW), expected, what)
})

t.test('no token is renewed at the moment it is given out', async () => {
  const time = fc.oneof(fc.integer({ min: -1e9, max: 1e11 }), fc.constant(undefined), fc.double())
  fc.assert(fc.property(time, time, (exp, iat) => {
    const at = renewAt(jwt({ exp, iat }), NOW)
    return at === null || at > NOW
  }))
})
