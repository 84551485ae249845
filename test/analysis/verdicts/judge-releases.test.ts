import { sql } from 'kysely'
import t from 'tap'
import { judgeReleases } from '../../../src/analysis/verdicts/judge-releases.ts'
import { admin, startTestApp } from '../../helpers/app.ts'
import { atOf, firstOpenDay, liveInRows, WORLD } from './lived-rows.ts'
import { randomOf, simulate, type World } from './world.ts'

/** Releases judged from the rows that runs leave behind, and what the route says of them. */

const app = await startTestApp(t)
const { db } = app.database
const today = await firstOpenDay(db)
const live = (world: World, seed: number, touched: { touches?: string[] } = {}) =>
  liveInRows(db, simulate(world, randomOf(seed)), { ...world, ...touched, today })

t.afterEach(async () => {
  await sql`DELETE FROM release_looks`.execute(db)
  await db.deleteFrom('releases').execute()
  await db.deleteFrom('personas').execute()
})

const ask = async (version: string, query = '') =>
  (await app.inject({ url: `/api/v1/admin/releases/${version}/verdicts${query}`, headers: admin }))
    .json()

t.test('a release that hurt one module is told with module, size, group and look, and nothing else is accused', async t => {
  await live({ ...WORLD, shift: -1.5 }, 31, { touches: ['m0'] })
  const taken = await judgeReleases(db)
  t.same(taken.map(({ day }) => day), [2, 3, 5, 7, 10])
  const said = await ask('2.0')
  t.match(said, { app: 'main', release: '2.0', judgedWith: ['2.0'], nextLookOnDay: 14 })
  t.equal(said.modules.length, 4)
  t.match(said.modules[0], {
    module: 'm0',
    verdict: 'worse',
    sentence: /^m0 was rated lower: .* since 2\.0\. 14 days before, \d+ after\. Errors /
  })
  t.same(
    said.modules.slice(1).filter(({ verdict }: { verdict: string }) =>
      /worse|better|mixed/.test(verdict)
    ),
    []
  )
  const [worse] = said.modules
  const deciding = worse.looks.find(({ day }: { day: number }) => day === worse.seenOnDay)
  t.ok(deciding.groups.length > 0)
  t.ok(
    deciding.groups.every(({ by, personas }: any) => by === 'locale' && personas >= 5),
    'one archetype is no group to compare'
  )
  t.match(await ask('1.0'), { modules: [], nextLookOnDay: 2 })
})

t.test('a look that was taken is never taken again, whatever happens to the rows', async t => {
  await live({ ...WORLD, shift: -1.5 }, 31)
  await judgeReleases(db)
  const before = await ask('2.0')
  t.same(await judgeReleases(db), [], 'nothing is due')
  await db.updateTable('persona_feedback').set({ rating: 5 }).execute()
  t.same(await judgeReleases(db), [])
  t.same(await ask('2.0'), before)
})

t.test('two processes that look at once write each look once', async t => {
  await live(WORLD, 32)
  const taken = await Promise.all([judgeReleases(db), judgeReleases(db), judgeReleases(db)])
  t.same(taken.flat().map(({ day }) => day).sort((a, b) => a - b), [2, 3, 5, 7, 10])
  const { rows } = await sql<
    { n: number }
  >`SELECT count(*)::int AS n FROM release_looks GROUP BY module`.execute(db)
  t.same(rows.map(({ n }) => n), [5, 5, 5, 5])
})

t.test('a day with an open run is not over', async t => {
  const { releaseDay } = await live(WORLD, 33)
  const { id } = await db.insertInto('personas').values({
    email: 'late@personas.test',
    name: 'Late',
    archetype: 'kind',
    system_prompt: '',
    module_mix: '{}',
    cadence: 'daily'
  }).returning('id').executeTakeFirstOrThrow()
  await db.insertInto('runs').values({
    id: 'open',
    persona_id: id,
    persona_version: 1,
    queued_at: atOf(releaseDay + 4)
  }).execute()
  t.same((await judgeReleases(db)).map(({ day }) => day), [2, 3], 'days 0 to 3 are over')
  await db.updateTable('runs').set({ state: 'completed', finished_at: new Date() }).where(
    'id',
    '=',
    'open'
  ).execute()
  t.same((await judgeReleases(db)).map(({ day }) => day), [5, 7, 10])
})

t.test('ratings without evidence and days with an incident count nowhere', async t => {
  await live({ ...WORLD, shift: -2 }, 34, { touches: ['m0'] })
  await sql`UPDATE persona_feedback SET grounded = false`.execute(db)
  await sql`INSERT INTO incidents (id, run_id, persona_id, kind, excerpt) SELECT id, id, persona_id, 'injection', 'x' FROM runs WHERE app_version = '1.0'`
    .execute(db)
  await judgeReleases(db)
  const said = await ask('2.0')
  t.ok(
    said.modules.every(({ verdict, looks }: any) =>
      verdict === 'too_little_data' && looks.every((look: any) => look.rating === null)
    )
  )
})

t.test('another model on the day of the release is told as the reason', async t => {
  await live({ ...WORLD, shiftOfAll: -1 }, 35)
  await sql`UPDATE module_visits SET model = 'sonnet' WHERE app_version = '2.0'`.execute(db)
  await judgeReleases(db)
  for (const { verdict, sentence } of (await ask('2.0')).modules) {
    t.equal(verdict, 'not_comparable')
    t.match(sentence, /the model or its prompts changed/)
  }
})

t.test('a release that is not there or lies in the future is refused by name', async t => {
  t.match(await ask('9.9'), { code: 'RELEASE_NOT_FOUND', message: /9\.9/ })
  await db.insertInto('releases').values({ version: 'next', at: atOf(today + 9) }).execute()
  t.match(await ask('next'), { code: 'RELEASE_NOT_LIVE', message: /next.*future/ })
  t.match(await ask('next', '?app=Main'), { code: 'BAD_REQUEST' })
})
