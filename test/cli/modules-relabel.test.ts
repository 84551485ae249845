import { sql } from 'kysely'
import t from 'tap'
import type { Queryable } from '../../src/platform/db/database.ts'
import { runCommand } from '../helpers/command.ts'
import { filledStore, inStore, KEYS } from '../helpers/doctor.ts'

/** The command, stopped by kill -9 in the middle and run again. */

const RUNS = 400
const MODULES = '{"tasks": ["todo.*"], "none": ["wiki_*"]}'

const store = await filledStore(t, fill)

/** Each run with two calls, a visit and a rating. */
async function fill (db: Queryable): Promise<void> {
  await sql`
    WITH persona AS (
      INSERT INTO personas (email, name, archetype, system_prompt, cadence)
      VALUES ('p@personas.test', 'P', 'kind', '', 'daily') RETURNING id
    ), lived AS (
      INSERT INTO runs (id, persona_id, persona_version, state, finished_at)
      SELECT 'run-' || n, persona.id, 1, 'completed', now() FROM persona, generate_series(1, ${RUNS}::int) n
      RETURNING id, persona_id
    ), acted AS (
      INSERT INTO persona_actions (id, persona_id, tick_id, ordinal, tool_name, module, result, latency_ms)
      SELECT id || '-' || n, persona_id, id, n, 'todo.add', 'todo', 'ok', 100 FROM lived, generate_series(0, 1) n
    ), rated AS (
      INSERT INTO persona_feedback (id, persona_id, tick_id, module, rating, grounded)
      SELECT id || '-todo', persona_id, id, 'todo', 1, true FROM lived
    )
    INSERT INTO module_visits (run_id, module, persona_id, persona_version, calls, app_errors, persona_errors,
      model_errors, account_errors, harness_errors, repeats, repair_loops, slow_calls, unknown_calls, latency_ms_sum,
      friction, say_do_gap)
    SELECT id, 'todo', persona_id, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200, 0, true FROM lived`
    .execute(
      db
    )
}

const relabel = async (args: string[], killAfter?: RegExp) =>
  runCommand('modules-relabel.ts', { args, env: { ...KEYS, ...store, MODULES }, killAfter })

/** How many runs have such actions, and how many such visits. */
async function stored (): Promise<unknown[]> {
  let rows: unknown[] = []
  await inStore(store, async db => {
    rows = (await sql`
      SELECT a.module, a.visit, a.rated_as, a.say_do_gap, count(*)::int AS runs FROM (
        SELECT DISTINCT a.tick_id, a.module, v.module AS visit, v.rated_as, v.say_do_gap
        FROM persona_actions a JOIN module_visits v ON v.run_id = a.tick_id
      ) a GROUP BY 1, 2, 3, 4 ORDER BY 1`.execute(db)).rows
  })
  return rows
}

const old = { module: 'todo', visit: 'todo', rated_as: null, say_do_gap: true }
const fresh = { module: 'tasks', visit: 'tasks', rated_as: 'todo', say_do_gap: true }

t.test('a dry run says what would change, by tool, and what covers nothing', async t => {
  const { code, output } = await relabel(['--dry-run'])
  t.equal(code, 0, output)
  t.match(output, `main  todo.add  todo → tasks  ${2 * RUNS} calls, ${RUNS} runs`)
  t.match(output, 'main  the pattern "wiki_*" covers no tool')
  t.match(output, 'main  nothing was changed: --dry-run')
  t.same(await stored(), [{ ...old, runs: RUNS }])
})

t.test('killed in the middle, it goes on when it is run again', async t => {
  t.match(await relabel([], /100 of 400 so far/), { code: null })
  const [done, left] = await stored() as { runs: number }[]
  t.match([done, left], [fresh, old], 'each run has both or none')
  const again = await relabel(['--app', 'main'])
  t.equal(again.code, 0, again.output)
  t.match(again.output, `main  ${left?.runs} runs were relabelled.`)
  t.same(await stored(), [{ ...fresh, runs: RUNS }])
  t.match((await relabel([])).output, 'main  0 runs were relabelled.')
})

t.test('an app that nobody knows is named', async t => {
  const { code, output } = await relabel(['--app', 'shop'])
  t.equal(code, 1)
  t.match(output, /"?shop"?/)
})
