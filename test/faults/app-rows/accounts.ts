import { passwordAccounts } from '../../../src/runner/accounts/login.ts'
import { createSlots } from '../../../src/runner/mcp/request-slots.ts'
import { openMcpToolbox } from '../../../src/runner/mcp/toolbox.ts'
import { status, type AppStandIn } from '../app-stand-in.ts'
import { add, assert, errorOf, never, QUICK, type Row, type Stage } from '../app-stage.ts'
import { shiftClock } from '../tools/shifted-clock.ts'

const PERSONA = { email: 'mara@personas.test' }
const signIn = (app: AppStandIn) =>
  passwordAccounts({ authUrl: app.origin, seedSecret: 'seed-secret-for-tests' })

async function openWithAccount (stage: Stage, app: AppStandIn) {
  return stage.open(app, await signIn(app).signIn(PERSONA, never))
}

/** As the app's clock would write it. */
function jwt (claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part(claims)}.${Math.random().toString(36).slice(2)}`
}

const write = (title: string) => [{ tool: 'note.add', input: { title } }]

export const accounts: Row[] = [{
  promise:
    'M15 a persona whose token ended signs in again, once for all who wait, and the refused call goes out once more; refused again, its run fails',
  async play (stage) {
    const app = await stage.app({ accounts: true })
    const toolbox = await openWithAccount(stage, app)
    app.revokeTokens()
    assert.equal((await add(toolbox, 'milk')).result, 'ok')
    assert.deepEqual([app.effects.get('milk'), app.logins], [1, 2])

    app.revokeTokens()
    const day = await stage.day(app, [write('bread'), write('salt')])
    app.next('tools/call', (exchange, act) => {
      app.always('login', ({ res }) => {
        res.writeHead(500).end()
      })
      app.revokeTokens()
      exchange.result(act())
    })
    assert.equal((await day.attempt()).kind, 'deferred', 'where nobody can sign in, the run waits')
    app.always('login', null)
    const end = await day.attempt()
    assert.equal(end.kind === 'final' && end.end.state, 'completed')
    assert.deepEqual([app.effects.get('bread'), app.effects.get('salt')], [1, 1])

    const refused = await stage.day(app, [write('a'), write('b')])
    const logins = app.logins
    app.always('tools/call', status(401))
    const failed = await refused.attempt()
    assert.deepEqual(failed.kind === 'final' && [failed.end.state, failed.end.errorCode], [
      'failed',
      'MCP_UNAUTHORIZED'
    ])
    assert.deepEqual((await refused.actions()).map(({ result, blame }) => [result, blame]), [[
      'error',
      'account'
    ]])
    assert.equal(app.logins - logins, 2, 'to begin with, and once more')
    assert.equal(app.effects.get('a'), undefined)
    app.always('tools/call', null)

    await oneSignInForAll(stage)
    await renewedInTime(stage)
  }
}, {
  promise: 'M16 what is forbidden is told to the model once, and the second time the run fails',
  async play (stage) {
    const app = await stage.app()
    const day = await stage.day(app, [write('a'), write('b'), write('c'), write('d')])
    app.next(
      'tools/call',
      status(403),
      ({ result }, act) => result(act()),
      status(403, 'insufficient_scope')
    )
    const end = await day.attempt()
    assert.deepEqual(end.kind === 'final' && [end.end.state, end.end.errorCode], [
      'failed',
      'MCP_UNAUTHORIZED'
    ])
    assert.deepEqual((await day.actions()).map(({ result, blame }) => [result, blame]), [
      ['error', 'account'],
      ['ok', null],
      ['error', 'account']
    ])
    assert.equal(app.count('tools/call'), 3, 'nothing was asked twice')
    assert.deepEqual([app.effects.get('a'), app.effects.get('b'), app.effects.get('c')], [
      undefined,
      1,
      undefined
    ])
  }
}, {
  promise:
    'M17 an app that turns away is asked again when it says, the run waits where that is long, and only so many ask at once',
  async play (stage) {
    const app = await stage.app()
    const toolbox = await stage.open(app)
    for (const code of [429, 503]) {
      app.next('tools/call', status(code, '', { 'retry-after': '1' }))
      assert.equal((await add(toolbox, `soon ${code}`)).result, 'ok')
      assert.equal(app.effects.get(`soon ${code}`), 1)
      app.next('tools/call', status(code, '', { 'retry-after': '31' }))
      const error = await errorOf(add(toolbox, `later ${code}`))
      assert.deepEqual([error.code, error.outage], ['MCP_UNREACHABLE', {
        service: 'app',
        retryAfterMs: 31_000
      }])
      assert.equal(app.effects.get(`later ${code}`), undefined)
    }
    app.always('tools/call', status(429))
    const calls = app.count('tools/call')
    assert.equal((await errorOf(add(toolbox, 'never'))).outage?.service, 'app')
    assert.equal(app.count('tools/call') - calls, 1 + QUICK.backOffMs.length)
    app.always('tools/call', null)
    app.next(app.begins, status(429, '', { 'retry-after': '60' }))
    const opening = errorOf(
      openMcpToolbox({ url: app.url, headers: {}, callTimeoutMs: 1000, trusted: true }, never)
    )
    assert.equal((await opening).outage?.retryAfterMs, 60_000)
    await unclear503(stage)
    await onlySoManyAtOnce(stage)
  }
}]

async function oneSignInForAll (stage: Stage): Promise<void> {
  const app = await stage.app({ accounts: true })
  const { signIn: enter } = signIn(app)
  const [one, other] = await Promise.all([enter(PERSONA, never), enter(PERSONA, never)])
  assert.equal(app.logins, 1)
  assert.deepEqual(one.headers, other.headers)
}

/**
 * A minute before its end, by the token's own times: the clocks of app and runner differ by a day
 * here.
 */
async function renewedInTime (stage: Stage): Promise<void> {
  const day = 86_400
  const now = Math.floor(Date.now() / 1000)
  let livesSeconds = 60
  const app = await stage.app({
    accounts: true,
    token: () => jwt({ iat: now - day, exp: now - day + livesSeconds })
  })
  const toolbox = await openWithAccount(stage, app)
  livesSeconds = 3600
  shiftClock(31_000)
  assert.equal((await add(toolbox, 'milk')).result, 'ok')
  assert.equal(app.logins, 2, 'past half of a short life it signs in before it is refused')
  assert.equal((await add(toolbox, 'bread')).result, 'ok')
  assert.equal(app.logins, 2, 'and a long one is left alone')
  shiftClock(0)
  assert.equal(app.count('tools/call'), 2)
}

/**
 * A 503 without a word may hide that the request went through: a write is not sent again, and the
 * run waits all the same.
 */
async function unclear503 (stage: Stage): Promise<void> {
  const app = await stage.app()
  const day = await stage.day(app, [write('milk')])
  app.next('tools/call', ({ http }, act) => {
    act()
    http(503)
  })
  assert.equal((await day.attempt()).kind, 'deferred')
  assert.equal((await day.attempt()).kind, 'final')
  assert.deepEqual((await day.actions()).map(action => action.result), ['unknown'])
  assert.equal(app.effects.get('milk'), 1)
}

async function onlySoManyAtOnce (stage: Stage): Promise<void> {
  const app = await stage.app()
  const slots = createSlots(2)
  let now = 0
  let most = 0
  app.always('tools/call', async ({ result }, act) => {
    most = Math.max(most, ++now)
    await new Promise(resolve => setTimeout(resolve, 20))
    now--
    result(act())
  })
  const personas = await Promise.all(
    Array.from({ length: stage.size === 'full' ? 40 : 8 }, () => stage.open(app, { slots }))
  )
  const startedAt = performance.now()
  const outcomes = await Promise.all(personas.map((toolbox, i) => add(toolbox, `p${i}`)))
  const wallMs = performance.now() - startedAt
  assert.equal(most, 2)
  assert.ok(outcomes.every(({ result }) => result === 'ok'))
  const latencyMs = outcomes.reduce((sum, outcome) => sum + outcome.latencyMs, 0)
  assert.ok(
    latencyMs < 3 * wallMs,
    `what was held back here is not the app's slowness: ${latencyMs} of ${wallMs} ms`
  )
}
