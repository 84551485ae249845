import { sql } from 'kysely'
import t from 'tap'
import { readCatalogue } from '../src/cli/catalogue.ts'
import { service } from './helpers/app.ts'
import { startWorld } from './helpers/world.ts'

t.test('the whole story: personas are due, live their day, rate it, and are due again when their time has come', async t => {
  const world = await startWorld(t, { env: { PERSONA_CONCURRENCY: '4' } })
  const { app } = world
  const { db } = app.database
  const dueEmails = async () =>
    (await app.inject({ url: '/api/v1/internal/personas/due', headers: service })).json()
      .personas.map((p: { email: string }) => p.email).sort()
  // Weekdays personas would make the story depend on the day it is told.
  for (const persona of readCatalogue()) await world.persona({ ...persona, tickCadence: 'daily' })
  t.equal((await dueEmails()).length, 10, 'all ten are due before their first day')

  const result = await world.tick()
  t.match(result, { due: 10, ranSuccessfully: 10, failed: [] })
  t.strictSame(world.claude.refusals, [], 'the model was never sent what the real API refuses')

  const runs = await db.selectFrom('runs').selectAll().execute()
  t.equal(runs.length, 10)
  for (const run of runs) {
    t.match(run, {
      state: 'completed',
      end_reason: 'end_turn',
      attempt: 1,
      error_code: null,
      prompt_version: /^de-[0-9a-f]{8}$/,
      protocol_version: '2026-07-28',
      mcp_era: 'stateless'
    })
    t.ok(run.day_summary, 'the day has a closing sentence')
    t.ok(
      Number(run.input_tokens) + Number(run.cache_read_tokens) > 0 && Number(run.output_tokens) > 0,
      'tokens are counted'
    )
  }

  const actions = await db.selectFrom('persona_actions').selectAll().orderBy('tick_id').orderBy(
    'ordinal'
  ).execute()
  t.ok(
    actions.length >= 30 && actions.length <= 80,
    `three to eight calls a day each (${actions.length})`
  )
  for (const action of actions) {
    t.equal(action.id, `${action.tick_id}-${action.ordinal}-${action.tool_name}`)
    t.equal(action.module, action.tool_name.split('.')[0])
    t.match(action, { input_hash: /^[0-9a-f]{32}$/, result: /^(ok|error)$/ })
    t.ok(action.latency_ms !== null && action.latency_ms >= 0)
  }
  t.ok(
    actions.some(a => a.result === 'error' && /CAL-500/.test(a.error_message ?? '')),
    'the planted fault hurt somebody'
  )

  const feedback = await db.selectFrom('persona_feedback').selectAll().execute()
  const used = new Set(actions.map(a => `${a.tick_id} ${a.module}`))
  t.strictSame(
    new Set(feedback.map(f => `${f.tick_id} ${f.module}`)),
    used,
    'each module that was used is rated once, and no other'
  )
  t.ok(feedback.every(f => f.rating === null || (f.rating >= 1 && f.rating <= 5)))

  t.strictSame(await dueEmails(), [], 'nobody is due right after the day')
  t.match(await world.tick(), { due: 0, ranSuccessfully: 0, failed: [] })
  await sql`UPDATE personas SET last_active_at = last_active_at - interval '25 hours' WHERE email <> 'lena.hartwig@personas.test'`
    .execute(db)
  t.equal((await dueEmails()).length, 9, 'a day later they are due again')
  t.match(await world.tick(), { due: 9, ranSuccessfully: 9 })
})

t.test('every effect in the app has its row', async t => {
  const world = await startWorld(t)
  const one = await world.persona({ email: 'one@personas.test' })
  const two = await world.persona({
    email: 'two@personas.test',
    systemPrompt: 'You are somebody else, a developer.'
  })
  await world.tick()
  for (const { id, email } of [one, two]) {
    const { actions } = await world.runOf(id)
    const effects = Object.values(world.sampleApp.effects(email)).reduce((sum, n) => sum + n, 0)
    const writes = actions.filter((a: { toolName: string, result: string }) =>
      a.result === 'ok' && !/\.(list|search|history|read)$/.test(a.toolName)
    )
    t.ok(
      effects <= writes.length && effects > 0,
      `${effects} effects behind ${writes.length} writing calls`
    )
  }
})
