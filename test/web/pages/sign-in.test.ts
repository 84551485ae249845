import { sql } from 'kysely'
import fc from 'fast-check'
import t from 'tap'
import { localPath } from '../../../src/web/sessions/origin.ts'
import { createThrottle } from '../../../src/web/sessions/throttle.ts'
import { admin, ADMIN_KEY, createPersona, startTestApp } from '../../helpers/app.ts'
import { openTestDatabase } from '../../helpers/database.ts'
import { postForm, sameOrigin, signIn, textOf, VIEWER_KEY } from '../../helpers/pages.ts'

/** Closing any process closes the database of all: they stay until the end of the file. */
const root = t

const database = await openTestDatabase(t)
const { db } = database
const app = await startTestApp(t, { database, env: { VIEWER_KEY } })
const get = (url: string, headers: Record<string, string> = {}) =>
  app.inject({ url, headers: { accept: 'text/html', ...headers } })
const GUARDED = [
  '/',
  '/overview/now',
  '/overview/insights',
  '/runner',
  '/runner/now',
  '/personas',
  '/runs',
  '/modules',
  '/events'
]

t.test('a page without a session leads to the sign-in and back', async t => {
  for (const url of GUARDED) {
    const response = await get(url)
    t.match([response.statusCode, response.headers.location], [
      303,
      url === '/' ? '/sign-in' : `/sign-in?to=${encodeURIComponent(url)}`
    ], url)
    t.equal((await get(url, { 'x-live': '1' })).statusCode, 401, `${url} in the background`)
  }
  const response = await postForm(app, '/sign-in', { key: ADMIN_KEY, to: '/runs?state=failed' })
  t.match([response.statusCode, response.headers.location], [303, '/runs?state=failed'])
})

/** Where a browser that has our pages open goes for a Location. */
const ledTo = (location: string) => new URL(location, 'https://ours.test/sign-in').host

t.test('an address on another site is never led to', async t => {
  const spellings = [
    '//evil.test',
    'https://evil.test',
    '/\\evil.test',
    '\\\\evil.test',
    'javascript:alert(1)',
    '',
    undefined,
    '/\t/evil.test',
    '/.//evil.test',
    '/..//evil.test',
    '/%2e%2e//evil.test',
    '/a/../..//evil.test',
    '/.\r//evil.test',
    '/runs/..//evil.test',
    '/%2e//evil.test',
    '/;//evil.test',
    '/runs//evil.test',
    '/@evil.test',
    '/\u2044/evil.test',
    '/\u3002/evil.test'
  ]
  for (const to of spellings) {
    const path = localPath(to)
    t.equal(ledTo(path), 'ours.test', String(to))
    t.notMatch(path, /^\/\//, String(to))
  }
  t.equal(localPath('/runs?state=failed#x'), '/runs?state=failed')
  t.equal(localPath('/releases/2.5.0?app=shop'), '/releases/2.5.0?app=shop')
  for (const none of ['/nothing', '/events', '/sign-out', '/api/v1/admin/runs']) {
    t.equal(localPath(none), '/', none)
  }
})

t.test('ten thousand spellings lead to our own pages', async t => {
  const piece = fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '%2e',
    '%2E%2e',
    '%2f',
    '%5c',
    '\\',
    '\t',
    '\r',
    '\n',
    '\0',
    ';',
    '@',
    '#',
    '?',
    ':',
    'evil.test',
    'https:',
    'runs',
    'apps',
    'modules',
    ' ',
    '%00',
    '%0d',
    '\u3002',
    '\uff0f',
    '\u2024',
    'a'
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 9 }), pieces => {
      for (const to of [pieces.join(''), `/${pieces.join('')}`]) {
        const path = localPath(to)
        if (
          ledTo(path) !== 'ours.test' || /^\/[/\\]/.test(path) || /[^\x21-\x7e]/.test(path)
        ) throw new Error(`${JSON.stringify(to)} → ${path}`)
      }
    }),
    { numRuns: 10_000 }
  )
  t.pass()
})

t.test('the session is a random cookie that scripts cannot read, and its hash in the database', async t => {
  const response = await postForm(app, '/sign-in', { key: ADMIN_KEY })
  const [cookie] = response.cookies
  t.match(cookie, {
    name: 'persona-runner-3070',
    path: '/',
    httpOnly: true,
    sameSite: 'Strict',
    secure: undefined
  })
  t.match(cookie?.value, /^[\w-]{43}$/)
  const rows = await db.selectFrom('page_sessions').selectAll().execute()
  t.ok(rows.every(row => /^[0-9a-f]{64}$/.test(row.id)))
  t.notMatch(JSON.stringify(rows), cookie?.value ?? '')
  t.ok(
    rows.every(row => row.expires_at.getTime() - row.created_at.getTime() === 12 * 60 * 60 * 1000),
    'for twelve hours at most'
  )
  const claimed = await postForm(app, '/sign-in', { key: ADMIN_KEY }, {
    host: 'personas.example.com'
  })
  t.match(
    claimed.cookies[0],
    { name: 'persona-runner-3070', secure: undefined },
    'a Host header decides nothing'
  )
  const behindProxy = await startTestApp(root, {
    database,
    env: { PUBLIC_URL: 'https://personas.example.com' }
  })
  const elsewhere = await postForm(behindProxy, '/sign-in', { key: ADMIN_KEY }, {
    host: '127.0.0.1:3070'
  })
  t.match(elsewhere.cookies[0], {
    name: '__Host-persona-runner',
    path: '/',
    secure: true,
    httpOnly: true,
    sameSite: 'Strict'
  })
})

t.test('a session ends after twelve hours, after two idle ones, by signing out, and with its key', async t => {
  const isIn = async (headers: Record<string, string>, on = app) =>
    (await on.inject({ url: '/', headers })).statusCode === 200
  for (const column of ['expires_at', 'last_seen_at'] as const) {
    const session = await signIn(app)
    t.ok(await isIn(session))
    await db.updateTable('page_sessions').set({ [column]: sql`now() - interval '2 hours'` })
      .execute()
    t.notOk(await isIn(session), column)
  }
  const session = await signIn(app)
  const rekeyed = await startTestApp(root, { database, env: { ADMIN_KEY: 'another-admin-key' } })
  t.notOk(await isIn(session, rekeyed), 'a new key ends the sessions of the old one')
  t.equal((await postForm(app, '/sign-out', {}, session)).headers.location, '/sign-in')
  t.notOk(await isIn(session), 'signed out')
  t.notOk(await isIn({ cookie: 'persona-runner-3070=' + 'x'.repeat(43) }), 'made up')
})

t.test('a page that is merely left open does not keep its session alive', async t => {
  const session = await signIn(app)
  const longAgo = () =>
    db.updateTable('page_sessions').set({ last_seen_at: sql`now() - interval '90 minutes'` })
      .execute()
  const idleMs = async () => {
    const { rows: [row] } = await sql<
      { ms: number }
    >`SELECT extract(epoch FROM now() - max(last_seen_at)) * 1000 AS ms FROM page_sessions`.execute(
      db
    )
    return Number(row?.ms)
  }
  await longAgo()
  await get('/overview/now', { ...session, 'x-live': '1' })
  t.ok(await idleMs() > 5_000_000, 'fetched in the background')
  await get('/', session)
  t.ok(await idleMs() < 60_000, 'opened by a person')
})

t.test('the viewer key reads every page and changes nothing', async t => {
  const viewer = await signIn(app, VIEWER_KEY)
  const { id } = await createPersona(app, { email: 'viewed@personas.test' })
  for (const url of GUARDED.filter(url => url !== '/events')) {
    t.equal((await get(url, viewer)).statusCode, 200, url)
  }
  t.notMatch((await get('/runner', viewer)).body, /action="\/runner/)
  for (const url of ['/runner/pause', '/runner/resume', '/runner/again', `/personas/${id}/pause`]) {
    t.equal((await postForm(app, url, {}, viewer)).statusCode, 403, url)
  }
  t.equal((await postForm(app, '/sign-out', {}, viewer)).statusCode, 303, 'but may leave')
})

t.test('what changes something must come from a page of the same site', async t => {
  const session = await signIn(app)
  const post = async (headers: Record<string, string>) =>
    (await app.inject({
      method: 'POST',
      url: '/runner/pause',
      headers: { ...session, 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: ''
    })).statusCode
  const table: [Record<string, string>, number][] = [
    [{}, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site', origin: 'http://localhost:80' }, 403],
    [{ 'sec-fetch-site': 'none' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'https://evil.test' }, 403],
    [{ origin: 'http://localhost:8080' }, 403],
    [{ host: 'localhost:3070', origin: 'http://localhost:3070', cookie: '' }, 401],
    [sameOrigin, 303]
  ]
  for (const [headers, status] of table) {
    t.equal(await post(headers), status, JSON.stringify(headers))
  }
  const signInFromElsewhere = await app.inject({
    method: 'POST',
    url: '/sign-in',
    headers: { 'sec-fetch-site': 'cross-site' },
    payload: { key: ADMIN_KEY }
  })
  t.equal(signInFromElsewhere.statusCode, 403)
  await postForm(app, '/runner/resume', {}, session)
})

t.test('keys of the API and sessions of the pages are separate worlds', async t => {
  t.equal((await get('/', admin)).statusCode, 303)
  t.equal((await get('/api/v1/admin/runs', await signIn(app))).statusCode, 401)
  const form = await app.inject({
    method: 'POST',
    url: '/api/v1/admin/runner',
    headers: { ...admin, 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'paused=true'
  })
  t.equal(form.statusCode, 415, 'no form reaches the API')
})

t.test('who guesses keys waits longer and longer, and the right key waits too', async t => {
  const guarded = await startTestApp(root, { database })
  const guess = (key: string) =>
    postForm(guarded, '/sign-in', { key }, { 'x-forwarded-for': String(Math.random()) })
  for (let i = 0; i < 3; i++) {
    t.match(await guess('wrong-key'), { statusCode: 401, body: /That is not the key/ })
  }
  const refused = await guess(ADMIN_KEY)
  t.equal(refused.statusCode, 429)
  t.match(refused.headers['retry-after'], /^1$/)
  t.notMatch(refused.body, /wrong-key|admin-key/)
})

t.test('the wait doubles up to a minute, is forgotten after a while, and counts whole networks', async t => {
  let now = 0
  const throttle = createThrottle(() => now)
  const waits = Array.from({ length: 12 }, () => {
    throttle.failed('203.0.113.7')
    return throttle.waitMs('203.0.113.7')
  })
  t.same(waits, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map(seconds => seconds * 1000))
  t.equal(throttle.waitMs('203.0.113.8'), 0)
  now += 60_000
  t.equal(throttle.waitMs('203.0.113.7'), 0)
  now += 15 * 60_000
  throttle.failed('203.0.113.7')
  t.equal(throttle.waitMs('203.0.113.7'), 0, 'forgotten')
  for (let i = 0; i < 4; i++) throttle.failed(`2001:db8:1:2::${i}`)
  t.ok(throttle.waitMs('2001:db8:1:2:ffff::1') > 0, 'the same network')
  t.equal(throttle.waitMs('2001:db8:1:3::1'), 0)
  for (let i = 0; i < 3; i++) throttle.failed('::ffff:198.51.100.1')
  t.ok(throttle.waitMs('198.51.100.1') > 0, 'an IPv4 address in its IPv6 spelling')
})

t.test("a viewer's sign-in between wrong keys makes no wait shorter, and a success forgets its own world alone", async t => {
  let now = 0
  const throttle = createThrottle(() => now)
  const waits = Array.from({ length: 8 }, () => {
    throttle.failed('203.0.113.7')
    throttle.succeeded('203.0.113.7', 'viewer')
    return throttle.waitMs('203.0.113.7') / 1000
  })
  t.same(waits, [0, 0, 1, 2, 4, 8, 16, 32])
  throttle.succeeded('203.0.113.7', 'admin')
  t.equal(throttle.waitMs('203.0.113.7'), 0, 'each has shown its key')
  for (let i = 0; i < 3; i++) throttle.failed('203.0.113.7')
  throttle.succeeded('203.0.113.7', 'admin')
  t.ok(
    throttle.waitMs('203.0.113.7') > 0,
    "the admin's sign-in leaves the guesses at the viewer's key"
  )
  now += 15 * 60_000
  t.equal(throttle.waitMs('203.0.113.7'), 0)

  const guarded = await startTestApp(root, { database, env: { VIEWER_KEY } })
  const answers = []
  for (let i = 0; i < 3; i++) {
    answers.push((await postForm(guarded, '/sign-in', { key: `guess-${i}` })).statusCode)
    if (i < 2) answers.push((await postForm(guarded, '/sign-in', { key: VIEWER_KEY })).statusCode)
  }
  t.same(answers, [401, 303, 401, 303, 401])
  t.equal((await postForm(guarded, '/sign-in', { key: 'one-more' })).statusCode, 429)
})

t.test('the one-time token signs in once, and on loopback only', async t => {
  const demo = await startTestApp(root, { database, signInToken: 'one-time-token' })
  const open = (on: typeof demo, token: string) => on.inject({ url: `/sign-in/demo/${token}` })
  t.equal((await open(demo, 'another')).headers.location, '/sign-in?used=1')
  const first = await open(demo, 'one-time-token')
  const [cookie] = first.cookies
  t.equal(first.headers.location, '/')
  t.equal(
    (await demo.inject({ url: '/', headers: { cookie: `${cookie?.name}=${cookie?.value}` } }))
      .statusCode,
    200
  )
  const second = await open(demo, 'one-time-token')
  t.match([second.headers.location, second.cookies], ['/sign-in?used=1', []])
  const open2 = await startTestApp(root, {
    database,
    signInToken: 'one-time-token',
    env: { HOST: '0.0.0.0' }
  })
  t.equal((await open(open2, 'one-time-token')).headers.location, '/sign-in?used=1')
  t.equal((await open(app, 'undefined')).headers.location, '/sign-in?used=1')
})

t.test('without any key the sign-in page says which to set', async t => {
  const closed = await startTestApp(root, { database, env: { ADMIN_KEY: '' } })
  t.match(textOf((await closed.inject('/sign-in')).body), /ADMIN_KEY is not set/)
  t.equal((await postForm(closed, '/sign-in', { key: '' })).statusCode, 401)
  t.equal((await closed.inject('/')).statusCode, 303)
})

t.test('every page keeps other sites out, and keeps nothing', async t => {
  const session = await signIn(app)
  for (
    const url of [
      '/sign-in',
      '/',
      '/runner',
      '/personas',
      '/runs',
      '/modules',
      '/runs/nobody',
      '/nothing-here'
    ]
  ) {
    const { headers } = await get(url, session)
    t.match(headers['content-security-policy'], /default-src 'self'.*frame-ancestors 'none'/, url)
    t.notMatch(headers['content-security-policy'], /unsafe|\*|data:/, url)
    t.match(headers, {
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin'
    }, url)
  }
  const asset = await get('/assets/app.js')
  t.match([
    asset.statusCode,
    asset.headers['x-content-type-options'],
    asset.headers['content-type']
  ], [200, 'nosniff', /javascript/])
})

t.test('an address that leads nowhere is a page for a reader and JSON for a program', async t => {
  const page = await get('/nothing-here')
  t.match([page.statusCode, textOf(page.body)], [404, /There is no page at \/nothing-here/])
  t.notMatch(page.body, /aria-label="Pages"/, 'a stranger learns nothing')
  t.match(
    (await get('/nothing-here', await signIn(app))).body,
    /aria-label="Pages"/,
    'who is signed in finds the way on'
  )
  for (
    const [url, accept] of [['/nothing-here', '*/*'], ['/api/v1/nothing', 'text/html']] as const
  ) {
    t.match((await app.inject({ url, headers: { accept } })).json(), { code: 'ROUTE_NOT_FOUND' })
  }
  t.notMatch((await get('/<script>alert(1)</script>')).body, '<script>alert')
})
