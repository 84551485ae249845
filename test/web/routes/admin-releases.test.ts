import t from 'tap'
import { liveVersion } from '../../../src/analysis/releases/repository.ts'
import { openRuns, takeRun } from '../../../src/runner/runs/repository.ts'
import { admin, createPersona, startTestApp } from '../../helpers/app.ts'

const DEPLOY_KEY = 'deploy-key-for-tests'
const app = await startTestApp(t, { env: { DEPLOY_KEY } })
const { db } = app.database
const URL = '/api/v1/admin/releases'
const post = (payload: object) => app.inject({ method: 'POST', url: URL, headers: admin, payload })
const list = async (query = '') =>
  (await app.inject({ url: `${URL}${query}`, headers: admin })).json()
const inHours = (hours: number) => new Date(Date.now() + hours * 60 * 60 * 1000).toISOString()

t.afterEach(async () => {
  await db.deleteFrom('releases').execute()
})

t.test('before the first release none is live', async t => {
  t.same(await list(), { releases: [], live: null, nextCursor: null })
  t.equal(await liveVersion(db, 'main'), null)
})

t.test('a release is stored once, however often a deployment sends it', async t => {
  const first = await post({ version: '1.0', notes: 'first' })
  t.match([first.statusCode, first.json()], [201, {
    app: 'main',
    version: '1.0',
    notes: 'first',
    commit: null,
    link: null,
    touches: [],
    at: String,
    createdAt: String
  }])
  const again = await post({ version: '1.0', notes: 'first' })
  t.same(
    [again.statusCode, again.json()],
    [200, first.json()],
    'without a time, the first one holds'
  )
  t.equal((await post({ version: '1.0', notes: 'first', at: first.json().at })).statusCode, 200)
  t.equal((await list()).releases.length, 1)
})

t.test('twenty deployments at once store one row', async t => {
  const answers = await Promise.all(
    Array.from(
      { length: 20 },
      () => post({ version: '1.0', at: '2026-01-01T01:00:00.123456+01:00' })
    )
  )
  t.same(answers.map(answer => answer.statusCode).sort(), [...Array(19).fill(200), 201])
  t.same(new Set(answers.map(answer => answer.json().at)), new Set(['2026-01-01T00:00:00.123Z']))
})

t.test('the same version with other content is refused, and nothing changes', async t => {
  await post({ version: '1.0', at: inHours(-1), notes: 'first' })
  const before = await list()
  for (const other of [{ notes: 'second' }, {}, { notes: 'first', at: inHours(-2) }]) {
    const response = await post({ version: '1.0', ...other })
    t.match([response.statusCode, response.json()], [409, {
      code: 'RELEASE_EXISTS',
      message: /1\.0/
    }])
  }
  t.same(await list(), before)
})

t.test('the latest release that has begun is live, whatever order they were told in', async t => {
  await post({ version: 'next', at: inHours(1) })
  await post({ version: 'now', at: inHours(-1) })
  await post({ version: 'past', at: inHours(-2) })
  t.equal(await liveVersion(db, 'main'), 'now')
  const { releases, live } = await list()
  t.equal(live, 'now')
  t.same(
    releases.map((release: { version: string }) => release.version),
    ['next', 'now', 'past'],
    'newest first'
  )
  t.match(await list('?limit=1'), { releases: [{ version: 'next' }], live: 'now' })
})

t.test('a run carries the version that was live when it began', async t => {
  const { id } = await createPersona(app)
  await post({ version: '1.0', at: inHours(-1) })
  const [opened] = await db.transaction().execute(trx => openRuns(trx, [{ id, version: 1 }], null))
  await post({ version: '1.1', at: inHours(-0.5) })
  const taken = await takeRun(db, opened?.runId ?? '')
  t.equal(taken?.run.appVersion, '1.1', 'it began when a worker took it')
  await post({ version: '1.2' })
  t.equal((await takeRun(db, opened?.runId ?? ''))?.run.appVersion, '1.1', 'and goes on under it')
})

t.test('what is no release is refused by name', async t => {
  for (
    const [payload, field] of [
      [{}, 'version'],
      [{ version: '' }, 'version'],
      [{ version: 'x'.repeat(101) }, 'version'],
      [{ version: 1 }, 'version'],
      [{ version: 'x', at: 'soon' }, 'at'],
      [{ version: 'x', at: '0000-01-01T00:00:00Z' }, 'at'],
      [{ version: 'x', notes: 'x'.repeat(2001) }, 'notes'],
      [{ version: 'x', stage: 'prod' }, 'stage'],
      [{ version: 'x', app: 'Main' }, 'app'],
      [{ version: 'x', link: 'javascript:alert(1)' }, 'link'],
      [{ version: 'x', touches: ['todo', 'todo'] }, 'touches'],
      [{ version: 'x', commit: '' }, 'commit']
    ] as const
  ) {
    const response = await post(payload)
    t.match([response.statusCode, response.json()], [400, {
      code: 'BAD_REQUEST',
      message: new RegExp(field)
    }])
  }
  t.equal(
    (await app.inject({ method: 'POST', url: URL, payload: { version: 'x' } })).statusCode,
    401
  )
  t.same((await list()).releases, [])
})

t.test('releases of two apps do not meet, and a run carries that of its own app', async t => {
  await db.insertInto('apps').values({
    name: 'shop',
    settings: '{"mcpUrl":"http://127.0.0.1:9/mcp"}'
  }).execute()
  t.teardown(() => db.deleteFrom('apps').where('name', '=', 'shop').execute())
  t.equal((await post({ version: '1.0', at: inHours(-2) })).statusCode, 201)
  t.equal(
    (await post({ version: '1.0', at: inHours(-1), app: 'shop', touches: ['cart'] })).statusCode,
    201,
    'the same name is another release'
  )
  t.match(await list('?app=shop'), {
    releases: [{ app: 'shop', version: '1.0', touches: ['cart'] }],
    live: '1.0'
  })
  await post({ version: '7', at: inHours(-0.5), app: 'shop' })
  t.equal(await liveVersion(db, 'main'), '1.0')
  const { id } = await createPersona(app, { email: 'shopper@personas.test', app: 'shop' })
  const [opened] = await db.transaction().execute(trx => openRuns(trx, [{ id, version: 1 }], null))
  t.equal((await takeRun(db, opened?.runId ?? ''))?.run.appVersion, '7')
  await db.deleteFrom('personas').where('id', '=', id).execute()
  const unknown = await post({ version: '1', app: 'nowhere' })
  t.match([unknown.statusCode, unknown.json()], [404, {
    code: 'APP_NOT_FOUND',
    message: /nowhere/
  }])
})

const send = (method: 'PATCH' | 'DELETE' | 'GET', version: string, payload?: object) =>
  app.inject({
    method,
    url: `${URL}/${encodeURIComponent(version)}`,
    headers: admin,
    ...(payload !== undefined && { payload })
  })

t.test('a release can be changed and deleted, and one that is not there is named', async t => {
  await post({ version: 'v/1', notes: 'first', touches: ['todo'] })
  const changed = await send('PATCH', 'v/1', {
    notes: null,
    touches: ['todo', 'notes'],
    link: 'https://example.com/v1',
    at: '2026-01-01T00:00:00Z'
  })
  t.match([changed.statusCode, changed.json()], [200, {
    notes: null,
    touches: ['notes', 'todo'],
    link: 'https://example.com/v1',
    at: '2026-01-01T00:00:00.000Z'
  }])
  t.same((await send('GET', 'v/1')).json(), changed.json())
  t.match((await send('PATCH', 'v/1', {})).json(), { code: 'BAD_REQUEST' })
  t.equal((await send('DELETE', 'v/1')).statusCode, 204)
  for (const method of ['GET', 'DELETE'] as const) {
    t.match([(await send(method, 'v/1')).statusCode, (await send(method, 'v/1')).json()], [404, {
      code: 'RELEASE_NOT_FOUND',
      message: /v\/1/
    }])
  }
  t.match((await send('PATCH', 'v/1', { notes: 'x' })).json(), { code: 'RELEASE_NOT_FOUND' })
})

t.test('all releases are read page by page, also those of one instant', async t => {
  const at = '2026-01-01T00:00:00Z'
  for (let i = 0; i < 7; i++) await post({ version: `v${i}`, at })
  const seen: string[] = []
  for (let after = '';;) {
    const page = await list(`?limit=3${after}`)
    seen.push(...page.releases.map(({ version }: { version: string }) => version))
    if (page.nextCursor === null) break
    after = `&after=${page.nextCursor}`
  }
  t.same(seen, ['v6', 'v5', 'v4', 'v3', 'v2', 'v1', 'v0'])
  t.match(await list('?after=nowhere'), { code: 'RELEASE_NOT_FOUND' })
})

t.test('a deploy key announces a release and opens nothing else', async t => {
  const headers = { authorization: `Bearer ${DEPLOY_KEY}` }
  const ask = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) =>
    (await app.inject({ method, url, headers, ...(payload !== undefined && { payload }) }))
      .statusCode
  t.equal(await ask('POST', URL, { version: 'by deploy' }), 201)
  t.equal(await ask('GET', URL), 401)
  t.equal(await ask('PATCH', `${URL}/x`, { notes: 'x' }), 401)
  t.equal(await ask('DELETE', `${URL}/x`), 401)
  for (
    const url of ['/api/v1/admin/runs', '/api/v1/admin/personas', '/api/v1/internal/personas/due']
  ) t.equal(await ask('GET', url), 401, url)
})
