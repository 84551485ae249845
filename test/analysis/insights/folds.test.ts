import t from 'tap'
import { sql } from 'kysely'
import { openTestDatabase } from '../../helpers/database.ts'
import { insightRows } from '../../helpers/insight-rows.ts'
import { foldScope } from '../../../src/analysis/insights/folded-scope.ts'
import { foldNext } from '../../../src/analysis/insights/folds.ts'
import { describeModules } from '../../../src/analysis/insights/modules.ts'
import type { ModulesQuery } from '../../../src/analysis/insights/queries.ts'

/** What is said of folded days must be what their rows say, whatever happened on them. */
const { db } = await openTestDatabase(t)
const rows = insightRows(db)

const DAY_MS = 24 * 60 * 60 * 1000
const DAYS = 9
const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS
const at = (day: number, hour = 0) => new Date(TODAY - day * DAY_MS + hour * 60 * 60 * 1000)

/** mulberry32: the same histories every time; the seed is in the name of a test that fails. */
function randomOf (seed: number): (below: number) => number {
  return below => {
    seed = seed + 0x6D2B79F5 | 0
    let mixed = Math.imul(seed ^ seed >>> 15, 1 | seed)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return Math.floor(((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32 * below)
  }
}

async function createPersonas (n: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    INSERT INTO personas (email, name, archetype, system_prompt, cadence)
    SELECT gen_random_uuid() || '@personas.test', 'P' || n, 'kind', '', 'daily' FROM generate_series(1, ${n}::int) n RETURNING id`
    .execute(db)
  return rows.map(row => row.id)
}

/**
 * Runs that end as they may: cancelled, without a rating, unread, of changed personas, over
 * midnight, and rows of other runners.
 */
async function liveAtRandom (
  random: (below: number) => number,
  runs: number,
  days = DAYS
): Promise<string[]> {
  const personas = await createPersonas(4)
  const one = <T>(...all: T[]) => all[random(all.length)] as T
  for (let i = 0; i < runs; i++) {
    const id = `run-${i}-${random(1e9)}`
    const day = random(days)
    const when = at(day, day === 0 ? 0 : random(24))
    const persona = one(...personas)
    const version = 1 + random(2) * random(2)
    await rows.run(id, persona, {
      persona_version: version,
      model: one('opus', 'opus', 'sonnet', null),
      prompt_version: one('p1', 'p2'),
      app_version: one('1.0', null),
      queued_at: when,
      state: one('completed', 'failed', 'abandoned'),
      finished_at: when
    })
    for (const module of ['todo', 'journal', 'mail'].slice(0, 1 + random(3))) {
      const calls = 1 + random(5)
      for (let number = 1; number <= calls; number++) {
        await rows.action(id, number + 10 * module.length, `${module}.list`, {
          latency_ms: one(null, random(300), random(30_000)),
          blame: one(null, null, 'app', 'model'),
          created_at: when
        })
      }
      if (random(5) > 0) {
        await rows.visit(id, module, {
          calls,
          app_errors: random(2),
          friction: random(1000) / 10,
          walked_away: random(9) === 0,
          say_do_gap: one(true, false, null),
          created_at: when
        })
      }
      if (random(3) > 0) {
        await rows.rating(id, module, one(null, 1 + random(5)), {
          grounded: one(true, true, false, null),
          persona_version: one(version, version, null),
          created_at: when
        })
      }
    }
    if (random(8) === 0) {
      await rows.rating(id, '__parse', null, { grounded: null, created_at: when })
    }
  }
  return personas
}

const QUERIES: ModulesQuery[] = [
  {},
  { mix: true, by: 'week' },
  { module: 'todo', appVersion: '1.0' },
  { model: 'opus', promptVersion: 'p2' },
  { archetype: 'kind' },
  // Parts of days, and a range that spans reach over.
  { from: at(6, 13).toISOString(), to: at(2, 5).toISOString() },
  { from: at(5).toISOString(), to: at(4).toISOString(), mix: true }
]

const ALL = { from: at(100).toISOString(), to: at(-1).toISOString() }
const answers = async () =>
  Promise.all(QUERIES.map(query => describeModules(db, { ...ALL, ...query })))

async function foldAll (): Promise<number> {
  let days = 0
  while (await foldNext(db) !== null) days++
  return days
}

/** As if nothing had ever been folded. */
const unfold = async () => sql`DELETE FROM folded_days`.execute(db)

for (const seed of [1, 2]) {
  t.test(`folded days say what their rows say (history ${seed})`, async t => {
    const personas = await liveAtRandom(randomOf(seed), 25)
    await unfold()
    const fromRows = await answers()
    t.ok(
      (await foldAll()) >= DAYS - 2,
      'all days but this one, and the last one in the first hour of a day'
    )
    t.same(await answers(), fromRows)

    await db.deleteFrom('personas').where('id', '=', personas[0] ?? '').execute()
    const partly = await answers()
    t.notSame(partly, fromRows, 'a deleted persona counts no longer')
    const folded = await foldAll()
    t.ok(folded > 0, 'its days are folded anew')
    t.same(await answers(), partly)
    await unfold()
    t.same(await answers(), partly)
  })
}

t.test('folded months say what their days say, and are forgotten with them', async t => {
  const [persona] = await liveAtRandom(randomOf(3), 40, 80)
  await unfold()
  const fromRows = await answers()
  await foldAll()
  const months = async () =>
    (await sql<{ n: number }>`SELECT count(*)::int AS n FROM latency_months`.execute(db)).rows[0]
      ?.n ?? 0
  t.ok(await months() > 0, 'a month in eighty days is over')
  t.same(await answers(), fromRows)

  await db.deleteFrom('personas').where('id', '=', persona ?? '').execute()
  const partly = await answers()
  t.notSame(partly, fromRows)
  await foldAll()
  t.ok(await months() > 0)
  t.same(await answers(), partly)
  await unfold()
  t.equal(await months(), 0)
})

t.test('what is folded of one of several apps is what its rows say', async t => {
  await sql`INSERT INTO apps (name, settings) VALUES ('shop', '{"mcpUrl": "http://127.0.0.1:9/mcp"}')`
    .execute(db)
  const personas = await liveAtRandom(randomOf(4), 40, 80)
  await db.updateTable('personas').set({ app: 'shop' }).where('id', 'in', personas.slice(0, 2))
    .execute()
  const ofBoth = async () =>
    Promise.all(
      ['main', 'shop'].flatMap(app =>
        QUERIES.map(query => describeModules(db, { ...ALL, ...query, app }))
      )
    )
  await unfold()
  const fromRows = await ofBoth()
  await foldAll()
  t.same(await ofBoth(), fromRows)
  const { gaps } = await foldScope(db, { range: ALL, filter: { app: 'shop' } })
  t.ok(
    gaps.every(gap => Date.parse(gap.to) - Date.parse(gap.from) < 50 * DAY_MS),
    'and most of it is not read row by row'
  )
  const apps = await sql<{ app: string }>`SELECT DISTINCT app FROM latency_months ORDER BY app`
    .execute(db)
  t.same(apps.rows.map(row => row.app), ['main', 'shop'])
  t.notSame(fromRows.slice(QUERIES.length), fromRows.slice(0, QUERIES.length))
})

t.test('a day waits for the runs that may still change it', async t => {
  await foldAll()
  await unfold()
  const [persona] = await createPersonas(1)
  await rows.run('open', persona ?? '', {
    state: 'acting',
    finished_at: null,
    queued_at: at(4, 12)
  })
  const days = async () =>
    (await sql<{ n: number }>`SELECT count(*)::int AS n FROM folded_days WHERE day >= ${
      at(4).toISOString()
    }::timestamptz::date`.execute(db)).rows[0]?.n
  t.ok(await foldAll() > 0)
  t.equal(await days(), 0)
  await db.updateTable('runs').set({ state: 'completed', finished_at: new Date() }).where(
    'id',
    '=',
    'open'
  ).execute()
  await foldAll()
  t.ok((await days() ?? 0) >= 2)
})
