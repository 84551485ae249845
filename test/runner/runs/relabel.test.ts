import t from 'tap'
import { sql } from 'kysely'
import { foldNext } from '../../../src/analysis/insights/folds.ts'
import { findGaps } from '../../../src/analysis/insights/gaps.ts'
import { describeModules } from '../../../src/analysis/insights/modules.ts'
import { planRelabel, relabelRuns } from '../../../src/runner/runs/relabel.ts'
import type { ModuleRules } from '../../../src/runner/modules/rules.ts'
import { readRunRatings } from '../../../src/web/dashboard/run.ts'
import { openTestDatabase } from '../../helpers/database.ts'
import { insightRows } from '../../helpers/insight-rows.ts'

/** Rules that come late are given to what runs have left behind. */

const HOUR_MS = 60 * 60 * 1000
const RULES: ModuleRules = [['lists', ['todo.list', 'todo.sort']], ['items', ['todo.*']]]

async function openWorld (t: Parameters<typeof openTestDatabase>[0]) {
  const { db } = await openTestDatabase(t)
  const { rows: [persona] } = await sql<{ id: string }>`
    INSERT INTO personas (email, name, archetype, system_prompt, cadence, patience)
    VALUES ('p@personas.test', 'P', 'kind', '', 'daily', 100) RETURNING id`.execute(db)
  return { db, personaId: persona?.id ?? '', rows: insightRows(db) }
}
type World = Awaited<ReturnType<typeof openWorld>>

const at = (days: number) => new Date(Date.now() - days * 24 * HOUR_MS)

/** Three calls of `todo`, two of them of its list and failed, and one of `mail`. */
async function live (
  { personaId, rows }: World,
  id: string,
  daysAgo: number,
  columns: object = {}
): Promise<void> {
  const when = { created_at: at(daysAgo) }
  const error = { result: 'error', blame: 'app', ...when } as const
  await rows.run(id, personaId, {
    queued_at: at(daysAgo),
    finished_at: at(daysAgo),
    walked_away_over: [1],
    ...columns
  })
  await rows.action(id, 1, 'todo.list', { ...error, latency_ms: 2000 })
  await rows.action(id, 2, 'todo.sort', { ...error, latency_ms: 500 })
  await rows.action(id, 3, 'todo.add', { ...when, latency_ms: 100 })
  await rows.action(id, 4, 'mail.send', { ...when, latency_ms: 100 })
}

/** As `record-end` judged it, when the persona had less patience and 2 s were slow to it. */
async function judge ({ rows }: World, id: string, daysAgo: number): Promise<void> {
  const when = { created_at: at(daysAgo) }
  const todo = { calls: 3, app_errors: 2, slow_calls: 1, latency_ms_sum: 2600, friction: 75 }
  await rows.visit(id, 'todo', { ...todo, walked_away: true, say_do_gap: true, ...when })
  await rows.visit(id, 'mail', { latency_ms_sum: 100, say_do_gap: false, ...when })
  await rows.rating(id, 'todo', 5, {
    evidence: JSON.stringify([{ action: 1, quote: 'no list' }]),
    ...when
  })
  await rows.rating(id, 'mail', 4, when)
}

async function lived (world: World, id: string, daysAgo: number): Promise<void> {
  await live(world, id, daysAgo)
  await judge(world, id, daysAgo)
}

const visitsOf = ({ db }: World, id: string) =>
  db.selectFrom('module_visits')
    .select([
      'module',
      'calls',
      'app_errors',
      'slow_calls',
      'friction',
      'walked_away',
      'say_do_gap',
      'rated_as',
      sql<string>`created_at::text`.as('at')
    ])
    .where('run_id', '=', id).orderBy('module').execute()

const modulesOf = async ({ db }: World, id: string) =>
  (await db.selectFrom('persona_actions').select('module').where('tick_id', '=', id)
    .orderBy('ordinal').execute()).map(row => row.module)

const relabel = ({ db }: World, rules = RULES) => relabelRuns(db, 'main', rules, () => {})

t.test('actions get the module of the rules, and visits are judged by it', async t => {
  const world = await openWorld(t)
  await lived(world, 'r1', 3)
  const [before] = await visitsOf(world, 'r1')
  t.same(await relabel(world), 1)
  t.same(await modulesOf(world, 'r1'), ['lists', 'lists', 'items', 'mail'])
  const shared = { at: before?.at }
  t.match(await visitsOf(world, 'r1'), [
    {
      module: 'items',
      calls: 1,
      app_errors: 0,
      slow_calls: 0,
      walked_away: false,
      say_do_gap: null,
      rated_as: null,
      ...shared
    },
    {
      module: 'lists',
      calls: 2,
      app_errors: 2,
      slow_calls: 1,
      friction: 100,
      walked_away: true,
      ...shared
    },
    { module: 'mail', calls: 1, say_do_gap: false, rated_as: null, ...shared }
  ])
  t.same(await relabel(world), 0, 'a second time there is nothing to do')
})

t.test('a rating keeps its name, its evidence and its gap', async t => {
  const world = await openWorld(t)
  await lived(world, 'r1', 3)
  const ratings = await readRunRatings(world.db, 'r1')
  t.match(ratings.ratings.find(({ module }) => module === 'todo'), { sayDoGap: true, rating: 5 })
  await relabel(world)
  t.same(await readRunRatings(world.db, 'r1'), ratings)
  const { gaps, total } = await findGaps(world.db, { from: at(9).toISOString() })
  t.equal(total, 1)
  t.match(gaps, [{ module: 'lists', rating: 5, friction: 100 }], 'told with the rating')
})

t.test('rules that are taken back bring everything back', async t => {
  const world = await openWorld(t)
  await lived(world, 'r1', 3)
  const before = await visitsOf(world, 'r1')
  await relabel(world)
  await relabel(world, [['all', ['*']]])
  t.match(await visitsOf(world, 'r1'), [{ module: 'all', calls: 4, say_do_gap: true }])
  t.same(await relabel(world, []), 1)
  t.same(await visitsOf(world, 'r1'), before)
})

t.test('two modules may change their names for each other', async t => {
  const world = await openWorld(t)
  await lived(world, 'r1', 3)
  await relabel(world, [['mail', ['todo.*']], ['todo', ['mail.*']]])
  t.match(await visitsOf(world, 'r1'), [
    { module: 'mail', calls: 3, rated_as: 'todo', say_do_gap: true },
    { module: 'todo', calls: 1, rated_as: 'mail', say_do_gap: false }
  ])
})

t.test('an open run keeps its modules, and so does one of another app', async t => {
  const world = await openWorld(t)
  await world.db.insertInto('apps').values({ name: 'shop', settings: '{}' }).execute()
  await live(world, 'open', 0, { finished_at: null, state: 'acting' })
  await live(world, 'shop', 2, { app: 'shop' })
  t.equal((await planRelabel(world.db, 'main', RULES)).changes.length, 0)
  t.equal(await relabel(world), 0)
  t.same(await modulesOf(world, 'open'), ['todo', 'todo', 'todo', 'mail'])
  await world.db.updateTable('runs').set({ finished_at: at(0), state: 'failed' })
    .where('id', '=', 'open').execute()
  t.equal(await relabel(world), 1, 'once it has ended it goes by the rules')
  t.same(await modulesOf(world, 'shop'), ['todo', 'todo', 'todo', 'mail'])
})

t.test('what another runner reported is relabelled, without a visit', async t => {
  const world = await openWorld(t)
  await lived(world, 'r1', 3)
  await sql`INSERT INTO persona_actions (id, persona_id, tick_id, ordinal, tool_name, module, result)
    VALUES ('x', ${world.personaId}, 'theirs', 0, 'todo.add', 'todo', 'ok')`.execute(world.db)
  t.equal(await relabel(world), 2)
  t.same(await modulesOf(world, 'theirs'), ['items'])
  t.same(await visitsOf(world, 'theirs'), [])
})

t.test('a plan says what would change and changes nothing', async t => {
  const world = await openWorld(t)
  await lived(world, 'r1', 3)
  await lived(world, 'r2', 2)
  await world.db.insertInto('known_tools').values({ tool_name: 'mail.send', module: 'mail' })
    .execute()
  const before = await visitsOf(world, 'r1')
  t.same(await planRelabel(world.db, 'main', [...RULES, ['none', ['wiki_*']]]), {
    changes: [
      { tool: 'todo.add', from: 'todo', to: 'items', calls: 2, runs: 2 },
      { tool: 'todo.list', from: 'todo', to: 'lists', calls: 2, runs: 2 },
      { tool: 'todo.sort', from: 'todo', to: 'lists', calls: 2, runs: 2 }
    ],
    idle: ['wiki_*']
  })
  t.same(await visitsOf(world, 'r1'), before)
})

t.test('what was added up of a run is added up anew', async t => {
  const world = await openWorld(t)
  const { db } = world
  for (let day = 2; day < 9; day++) await lived(world, `r${day}`, day)
  const fold = async () => {
    while (await foldNext(db) !== null);
  }
  await fold()
  const range = { from: at(20).toISOString(), to: at(0).toISOString() }
  const answer = () => describeModules(db, range)
  const before = await answer()
  await relabel(world)
  const fromRows = await answer()
  t.notSame(fromRows, before)
  t.same(fromRows.groups[0]?.modules.map(({ module }) => module).sort(), [
    'items',
    'lists',
    'mail',
    'todo'
  ])
  await fold()
  t.same(await answer(), fromRows)
})
