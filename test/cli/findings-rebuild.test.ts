import { sql } from 'kysely'
import t from 'tap'
import { searchAllRuns } from '../../src/analysis/findings/catch-up.ts'
import type { Queryable } from '../../src/platform/db/database.ts'
import { runCommand } from '../helpers/command.ts'
import { filledStore, inStore, KEYS } from '../helpers/doctor.ts'

/** The command, stopped by kill -9 in the middle and run again. */

const RUNS = 600
const store = await filledStore(t, fill)

/** Each run with a call that failed; searched once already. */
async function fill (db: Queryable): Promise<void> {
  await sql`
    WITH persona AS (
      INSERT INTO personas (email, name, archetype, system_prompt, cadence)
      VALUES ('p@personas.test', 'P', 'kind', '', 'daily') RETURNING id
    ), lived AS (
      INSERT INTO runs (id, persona_id, persona_version, state, finished_at)
      SELECT 'run-' || n, persona.id, 1, 'completed', now() FROM persona, generate_series(1, ${RUNS}::int) n
      RETURNING id, persona_id
    )
    INSERT INTO persona_actions (id, persona_id, tick_id, ordinal, tool_name, module, result, error_message, blame)
    SELECT id || '-0', persona_id, id, 0, 'todo.add', 'todo', 'error', 'could not be saved', 'app' FROM lived`
    .execute(db)
  await searchAllRuns(db)
}

const rebuild = async (args: string[] = [], killAfter?: RegExp) =>
  runCommand('findings-rebuild.ts', { args, env: { ...KEYS, ...store }, killAfter })

async function found (): Promise<unknown[]> {
  let rows: unknown[] = []
  await inStore(store, async db => {
    rows = await db.selectFrom('findings').select([
      'id',
      'kind',
      'state',
      'times',
      'runs',
      'personas'
    ])
      .execute()
  })
  return rows
}

const before = await found()

t.test('killed in the middle, it goes on with --resume and finds the same', async t => {
  t.match(before, [{ kind: 'error', state: 'new', runs: RUNS }])
  t.match(await rebuild([], /200 of 600 runs/), { code: null })
  const resumed = await rebuild(['--resume'])
  t.equal(resumed.code, 0, resumed.output)
  t.notMatch(resumed.output, '600 of 600', 'what was searched is not searched again')
  t.same(await found(), before)
})

t.test('run once more, it searches all runs', async t => {
  const { code, output } = await rebuild()
  t.equal(code, 0, output)
  t.match(output, '600 runs were searched here.')
  t.same(await found(), before)
  t.match((await rebuild(['--resume'])).output, '0 runs were searched here.')
})
