import { sql } from 'kysely'
import t from 'tap'
import type { RunState } from '../../../src/runner/runs/states.ts'
import { admin, createPersona, startTestApp } from '../../helpers/app.ts'

/** The runner is off here: the runs stay as the test wrote them. */
const app = await startTestApp(t)
const { db } = app.database
const mara = await createPersona(app)
const ben = await createPersona(app, { email: 'ben@personas.test' })

const get = (url = '') => app.inject({ url: `/api/v1/admin/runs${url}`, headers: admin })
const cancel = (id: string) =>
  app.inject({ method: 'POST', url: `/api/v1/admin/runs/${id}/cancel`, headers: admin })
const ids = (response: { json(): { runs: { id: string }[] } }) =>
  response.json().runs.map(run => run.id)

const FINAL: RunState[] = ['completed', 'incomplete', 'failed', 'abandoned']

async function addRun (id: string, state: RunState, personaId = mara.id, age = '0'): Promise<void> {
  await db.insertInto('runs').values({
    id,
    persona_id: personaId,
    persona_version: 1,
    state,
    queued_at: sql<Date>`now() - ${age}::interval`,
    finished_at: FINAL.includes(state) ? sql<Date>`now()` : null
  }).execute()
}

t.afterEach(async () => {
  await db.deleteFrom('runs').execute()
  await db.deleteFrom('persona_actions').execute()
  await db.deleteFrom('persona_feedback').execute()
})

t.test('runs are listed newest first, page by page, by persona and by state', async t => {
  await addRun('r1', 'completed', mara.id, '3 hours')
  await addRun('r2', 'failed', ben.id, '2 hours')
  // Opened by one tick, at one instant.
  await db.transaction().execute(async trx => {
    for (const id of ['r3', 'r4', 'r5']) {
      await trx.insertInto('runs').values({
        id,
        persona_id: mara.id,
        persona_version: 1,
        state: 'incomplete',
        finished_at: sql<Date>`now()`
      }).execute()
    }
  })
  t.same(ids(await get()), ['r5', 'r4', 'r3', 'r2', 'r1'])
  const paged: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page = await get(`?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
    paged.push(...ids(page))
    cursor = page.json().nextCursor
  }
  t.same(
    paged,
    ['r5', 'r4', 'r3', 'r2', 'r1'],
    'every run once, also where many began at one instant'
  )
  t.equal((await get('?limit=5')).json().nextCursor, null)
  t.same(ids(await get(`?personaId=${ben.id}`)), ['r2'])
  t.same(ids(await get('?state=incomplete&limit=1')), ['r5'])
  t.same(ids(await get(`?state=failed&personaId=${mara.id}`)), [])
  const wrong = [
    ['?state=dead', /querystring\/state must be one of queued, acting/],
    ['?personaId=mara', /personaId must be a valid uuid/],
    ['?limit=0', /limit/],
    ['?x=1', /"x"/]
  ] as const
  for (const [query, message] of wrong) {
    t.match(
      [(await get(query)).statusCode, (await get(query)).json().message],
      [400, message],
      query
    )
  }
})

t.test('a run tells its whole story: transcript, actions and ratings in order', async t => {
  await addRun('r', 'completed')
  await db.updateTable('runs').set({
    attempt: 2,
    tick: 'tick-1',
    turns: 3,
    input_tokens: '5000000000',
    output_tokens: 7,
    day_summary: 'Gut.',
    end_reason: 'end_turn'
  }).execute()
  const nested = {
    type: 'tool_use',
    id: 'tu',
    name: 'todo_create',
    input: { list_name: { a_b: [1, null, { deep_key: true }] } }
  }
  await db.insertInto('messages').values([
    {
      run_id: 'r',
      seq: 1,
      phase: 'acting',
      role: 'assistant',
      content: JSON.stringify([nested]),
      stop_reason: 'tool_use'
    },
    {
      run_id: 'r',
      seq: 0,
      phase: 'acting',
      role: 'user',
      content: JSON.stringify([{ type: 'text', text: 'Guten Morgen' }])
    }
  ]).execute()
  const call = { persona_id: mara.id, tick_id: 'r', module: 'todo', tool_name: 'todo.create' }
  await db.insertInto('persona_actions').values([
    { ...call, id: 'r-1-todo.create', ordinal: 1, result: 'unknown' },
    { ...call, id: 'r-0-todo.create', ordinal: 0, result: 'ok', latency_ms: 5, input_hash: 'h' }
  ]).execute()
  await db.insertInto('persona_feedback').values([
    {
      id: 'r-todo',
      persona_id: mara.id,
      tick_id: 'r',
      module: 'todo',
      rating: 2,
      evidence: JSON.stringify([{ action: 1, quote: 'CAL-500' }]),
      compared_to_last_time: 'worse'
    },
    { id: 'r-__parse', persona_id: mara.id, tick_id: 'r', module: '__parse', raw_text: '{"oops' }
  ]).execute()

  const { run, transcript, actions, feedback } = (await get('/r')).json()
  t.match(run, {
    id: 'r',
    personaId: mara.id,
    state: 'completed',
    attempt: 2,
    tick: 'tick-1',
    turns: 3,
    daySummary: 'Gut.',
    endReason: 'end_turn',
    errorCode: null,
    tokens: { input: 5_000_000_000, output: 7, cacheWrite: 0, cacheRead: 0 }
  })
  t.match(transcript, [{ seq: 0, role: 'user', stopReason: null }, {
    seq: 1,
    role: 'assistant',
    stopReason: 'tool_use'
  }])
  t.same(
    transcript[1].content,
    [nested],
    'blocks come back as they were, keys of any spelling included'
  )
  t.match(actions, [{ number: 1, result: 'ok', inputHash: 'h', latencyMs: 5 }, {
    number: 2,
    result: 'unknown',
    latencyMs: null
  }])
  t.match(feedback, [
    { module: '__parse', rating: null, rawText: '{"oops', evidence: null },
    {
      module: 'todo',
      rating: 2,
      evidence: [{ action: 1, quote: 'CAL-500' }],
      comparedToLastTime: 'worse'
    }
  ])
})

t.test('a run that is not there is 404', async t => {
  for (const response of [await get('/nothing'), await get('/%00'), await cancel('nothing')]) {
    t.match([response.statusCode, response.json().code], [404, 'RUN_NOT_FOUND'])
  }
})

t.test('a run still waiting is cancelled at once', async t => {
  await addRun('r', 'queued')
  const response = await cancel('r')
  t.match(
    [response.statusCode, response.json()],
    [200, {
      id: 'r',
      state: 'incomplete',
      endReason: 'cancelled',
      finishedAt: String,
      errorCode: null
    }]
  )
  t.equal((await cancel('r')).statusCode, 409, 'it is final now')
})

t.test('a run under way is asked to end, and asking again changes nothing', async t => {
  for (const state of ['acting', 'reflecting'] as const) {
    await addRun('r', state)
    const asked = async () =>
      (await db.selectFrom('runs').selectAll().executeTakeFirst())?.cancel_requested_at
    const response = await cancel('r')
    t.match(
      [response.statusCode, response.json()],
      [200, { state, finishedAt: null }],
      'its worker ends it'
    )
    const first = await asked()
    t.ok(first)
    t.equal((await cancel('r')).statusCode, 200)
    t.same(await asked(), first)
    await db.deleteFrom('runs').execute()
  }
})

t.test('a final run cannot be cancelled, and the refusal says how it ended', async t => {
  for (const state of FINAL) {
    await addRun(state, state)
    const response = await cancel(state)
    t.match([response.statusCode, response.json()], [409, {
      code: 'RUN_NOT_OPEN',
      message: new RegExp(`already ${state}`)
    }])
    t.equal((await get(`/${state}`)).json().run.state, state)
  }
})
