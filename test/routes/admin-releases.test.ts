import t from 'tap'
import { liveVersion } from '../../src/releases/repository.ts'
import { openRuns, takeRun } from '../../src/runs/repository.ts'
import { admin, createPersona, startTestApp } from '../helpers/app.ts'

const app = await startTestApp(t)
const { db } = app.database
const URL = '/api/v1/admin/releases'
const post = (payload: object) => app.inject({ method: 'POST', url: URL, headers: admin, payload })
const list = async (query = '') => (await app.inject({ url: `${URL}${query}`, headers: admin })).json()
const inHours = (hours: number) => new Date(Date.now() + hours * 60 * 60 * 1000).toISOString()

t.afterEach(async () => { await db.deleteFrom('releases').execute() })

t.test('before the first release none is live', async t => {
  t.same(await list(), { releases: [], live: null })
  t.equal(await liveVersion(db), null)
})

t.test('a release is stored once, however often a deployment sends it', async t => {
  const first = await post({ version: '1.0', notes: 'first' })
  t.match([first.statusCode, first.json()], [201, { version: '1.0', notes: 'first', at: String, createdAt: String }])
  const again = await post({ version: '1.0', notes: 'first' })
  t.same([again.statusCode, again.json()], [200, first.json()], 'without a time, the first one holds')
  t.equal((await post({ version: '1.0', notes: 'first', at: first.json().at })).statusCode, 200)
  t.equal((await list()).releases.length, 1)
})

t.test('twenty deployments at once store one row', async t => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => post({ version: '1.0', at: '2026-01-01T01:00:00.123456+01:00' })))
  t.same(answers.map(answer => answer.statusCode).sort(), [...Array(19).fill(200), 201])
  t.same(new Set(answers.map(answer => answer.json().at)), new Set(['2026-01-01T00:00:00.123Z']))
})

t.test('the same version with other content is refused, and nothing changes', async t => {
  await post({ version: '1.0', at: inHours(-1), notes: 'first' })
  const before = await list()
  for (const other of [{ notes: 'second' }, {}, { notes: 'first', at: inHours(-2) }]) {
    const response = await post({ version: '1.0', ...other })
    t.match([response.statusCode, response.json()], [409, { code: 'RELEASE_EXISTS', message: /1\.0/ }])
  }
  t.same(await list(), before)
})

t.test('the latest release that has begun is live, whatever order they were told in', async t => {
  await post({ version: 'next', at: inHours(1) })
  await post({ version: 'now', at: inHours(-1) })
  await post({ version: 'past', at: inHours(-2) })
  t.equal(await liveVersion(db), 'now')
  const { releases, live } = await list()
  t.equal(live, 'now')
  t.same(releases.map((release: { version: string }) => release.version), ['next', 'now', 'past'], 'newest first')
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
  for (const [payload, field] of [
    [{}, 'version'], [{ version: '' }, 'version'], [{ version: 'x'.repeat(101) }, 'version'], [{ version: 1 }, 'version'],
    [{ version: 'x', at: 'soon' }, 'at'], [{ version: 'x', at: '0000-01-01T00:00:00Z' }, 'at'], [{ version: 'x', notes: 'x'.repeat(2001) }, 'notes'],
    [{ version: 'x', stage: 'prod' }, 'stage']
  ] as const) {
    const response = await post(payload)
    t.match([response.statusCode, response.json()], [400, { code: 'BAD_REQUEST', message: new RegExp(field) }])
  }
  t.equal((await app.inject({ method: 'POST', url: URL, payload: { version: 'x' } })).statusCode, 401)
  t.same((await list()).releases, [])
})
