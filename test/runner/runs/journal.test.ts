import { sql } from 'kysely'
import t from 'tap'
import type { Queryable } from '../../../src/platform/db/database.ts'
import { listRunActions } from '../../../src/runner/actions/repository.ts'
import { openJournal, type RunJournal } from '../../../src/runner/runs/journal.ts'
import { listTranscript } from '../../../src/runner/runs/messages.ts'
import { recordEnd } from '../../../src/runner/runs/record-end.ts'
import { getRun, heldForTerms, openRuns, takeRun } from '../../../src/runner/runs/repository.ts'
import { readRecord } from '../../../src/runner/runs/run-record.ts'
import { getMarkedPersona, upsertPersona } from '../../../src/personas/repository.ts'
import { PERSONA } from '../../helpers/app.ts'
import { openTestDatabase } from '../../helpers/database.ts'

const CALL = {
  ordinal: 0,
  toolName: 'todo.create',
  inputHash: 'h',
  toolUseId: 'toolu_1',
  messageSeq: 1
}
const { now } = performance
t.afterEach(() => {
  performance.now = now
})

/**
 * The same database, where something happens between the commit of what is written and the news of
 * it.
 */
function afterCommit (db: Queryable, happens: () => Promise<void>): Queryable {
  const writes = new WeakSet<object>()
  return db.withPlugin({
    transformQuery ({ node, queryId }) {
      // Reads go through the query builder.
      if (node.kind === 'RawNode') writes.add(queryId)
      return node
    },
    async transformResult ({ result, queryId }) {
      if (writes.has(queryId)) await happens()
      return result
    }
  })
}

async function takenRun (db: Queryable) {
  const { persona } = await upsertPersona(db, PERSONA)
  const [opened] = await openRuns(db, [persona], null)
  const taken = await takeRun(db, opened?.runId ?? '')
  if (taken === undefined) throw new Error('not taken')
  return taken
}

t.test('a worker that was stopped between the commit of a start and the news of it does not make the call', async t => {
  const { db } = await openTestDatabase(t)
  const taken = await takenRun(db)
  let stoppedMs = 0
  performance.now = () => now.call(performance) + stoppedMs
  const journal = await openJournal(
    afterCommit(db, async () => {
      if (stoppedMs === 0) await takeRun(db, taken.run.id)
      stoppedMs += 60_000
    }),
    taken,
    () => {}
  )
  await journal.startCall(CALL)
  await t.rejects(journal.makeSure(), { code: 'RUN_LOST' })
})

t.test('a call that was held back for long does not go out when another worker has the run', async t => {
  const { db } = await openTestDatabase(t)
  const taken = await takenRun(db)
  const journal = await openJournal(db, taken, () => {})
  await journal.startCall(CALL)
  await takeRun(db, taken.run.id)
  await journal.makeSure()
  performance.now = () => now.call(performance) + 60_000
  await t.rejects(journal.makeSure(), { code: 'RUN_LOST' })
})

t.test('one that nobody took the run from goes on, and the call has one row', async t => {
  const { db } = await openTestDatabase(t)
  const taken = await takenRun(db)
  let stoppedMs = 0
  performance.now = () => now.call(performance) + stoppedMs
  const journal = await openJournal(
    afterCommit(db, async () => {
      if (stoppedMs === 0) stoppedMs = 60_000
    }),
    taken,
    () => {}
  )
  await journal.startCall(CALL)
  await journal.makeSure()
  t.match(await listRunActions(db, taken.run.id), [{ ordinal: 0, result: 'started' }])
  t.equal((await listRunActions(db, taken.run.id)).length, 1)
})

t.test('a database that never answers in time fails the attempt, so that the queue tries again', async t => {
  const { db } = await openTestDatabase(t)
  const taken = await takenRun(db)
  let stoppedMs = 0
  performance.now = () => now.call(performance) + stoppedMs
  const journal = await openJournal(
    afterCommit(db, async () => {
      stoppedMs += 60_000
    }),
    taken,
    () => {}
  )
  await journal.startCall(CALL)
  await t.rejects(journal.makeSure(), /took longer than 5000 ms/)
})

t.test('a turn is written together when something goes out, and nothing of it is lost where nothing does', async t => {
  const { db } = await openTestDatabase(t)
  const taken = await takenRun(db)
  const journal = await openJournal(db, taken, () => {})
  const stored = async () => ({
    messages: (await listTranscript(db, taken.run.id)).map(message => message.role),
    actions: (await listRunActions(db, taken.run.id)).map(action => action.result),
    run: await getRun(db, taken.run.id)
  })
  await journal.hold(
    heldForTerms(taken.lease, {
      personaVersion: 7,
      promptVersion: 'p',
      protocolVersion: null,
      mcpEra: null
    })
  )
  await journal.append({
    phase: 'acting',
    role: 'user',
    content: [{ type: 'text', text: 'a day' }],
    stopReason: null
  })
  t.match(await stored(), { messages: [] })
  await journal.makeSure()
  t.match(await stored(), { messages: ['user'], run: { personaVersion: 7 } })

  const usage = { inputTokens: 5, outputTokens: 1, cacheWriteTokens: 0, cacheReadTokens: 0 }
  await journal.append({
    phase: 'acting',
    role: 'assistant',
    content: [{ type: 'text', text: 'done' }],
    stopReason: 'tool_use'
  }, { model: 'm', usage, usd: 0.5 })
  await journal.startCall(CALL)
  t.match(await stored(), {
    messages: ['user', 'assistant'],
    actions: ['started'],
    run: { usd: 0.5, turns: 1, tokens: { input: 5 } }
  })

  const end = {
    result: 'ok',
    errorMessage: null,
    blame: null,
    blameRule: null,
    latencyMs: 3,
    resultText: 'ok'
  } as const
  await journal.finishCall(CALL, end)
  // Never sent, so it was never started either.
  await journal.finishCall({ ...CALL, ordinal: 1, toolUseId: 'toolu_2' }, {
    ...end,
    result: 'rejected'
  })
  await journal.append({
    phase: 'acting',
    role: 'user',
    content: [{ type: 'text', text: 'results' }],
    stopReason: null
  })
  await journal.flush()
  t.match(await stored(), { messages: ['user', 'assistant', 'user'], actions: ['ok', 'rejected'] })

  await journal.append({
    phase: 'acting',
    role: 'assistant',
    content: [{ type: 'text', text: 'late' }],
    stopReason: 'end_turn'
  })
  await takeRun(db, taken.run.id)
  await t.rejects(journal.flush(), { code: 'RUN_LOST' })
  t.equal(
    (await stored()).messages.length,
    3,
    'one that lost the run writes nothing of what waited'
  )
})

t.test('what a journal says of its run is what is stored of it', async t => {
  const { db } = await openTestDatabase(t)
  const taken = await takenRun(db)
  const end = {
    result: 'error',
    errorMessage: 'no',
    blame: 'app',
    blameRule: 'other',
    latencyMs: 3,
    resultText: 'no'
  } as const
  const sameAsStored = async (journal: RunJournal, calls: object[]) => {
    await journal.flush()
    t.match(journal.record(), { calls })
    t.same(journal.record(), await readRecord(db, taken.run.id))
  }
  const journal = await openJournal(db, taken, () => {})
  await journal.append({
    phase: 'acting',
    role: 'user',
    content: [{ type: 'text', text: 'a day' }],
    stopReason: null
  })
  await journal.append({
    phase: 'acting',
    role: 'assistant',
    content: [{ type: 'tool_use', id: 'toolu_1', name: 'todo_create', input: { b: 1, a: 2 } }],
    stopReason: 'tool_use'
  })
  await journal.startCall(CALL)
  await sameAsStored(journal, [{ result: 'unknown', blame: 'harness', toolUseId: 'toolu_1' }])
  await journal.finishCall(CALL, end)
  await journal.startCall({ ...CALL, ordinal: 1, toolUseId: 'toolu_2' })
  await journal.withdrawCall({ ...CALL, ordinal: 1, toolUseId: 'toolu_2' })
  await journal.startCall({ ...CALL, ordinal: 2, toolUseId: 'toolu_3' })
  await sameAsStored(journal, [{ ordinal: 0, ...end }, { ordinal: 2, result: 'unknown' }])

  const again = await takeRun(db, taken.run.id)
  if (again === undefined) throw new Error('not taken')
  const resumed = await openJournal(db, again, () => {})
  await sameAsStored(resumed, [{ ordinal: 0, ...end }, { ordinal: 2, result: 'unknown' }])
  await resumed.finishCall({ ...CALL, ordinal: 2, toolUseId: 'toolu_3' }, end)
  await sameAsStored(resumed, [{ ordinal: 0 }, { ordinal: 2, ...end }])
})

t.test('a worker that lost its run writes nothing of its end, and charges nothing for it', async t => {
  const { db } = await openTestDatabase(t)
  const taken = await takenRun(db)
  const { lease, run } = taken
  const journal = await openJournal(db, taken, () => {})
  await journal.startCall(CALL)
  await sql`INSERT INTO daily_spend (day) VALUES ('2026-01-01')`.execute(db)
  await sql`INSERT INTO spend_reservations (run_id, attempt, day, usd) VALUES (${run.id}, ${lease.attempt}, '2026-01-01', 0.25)`
    .execute(db)
  const rows = async () => {
    const [spent, visits, personas] = await Promise.all([
      sql`SELECT usd FROM daily_spend`.execute(db),
      sql`SELECT FROM module_visits`.execute(db),
      sql`SELECT last_active_at FROM personas`.execute(db)
    ])
    const actions = (await listRunActions(db, run.id)).map(action => action.result)
    return {
      spent: spent.rows,
      visits: visits.rows.length,
      personas: personas.rows,
      run: await getRun(db, run.id),
      actions
    }
  }
  const before = await rows()
  const end = { state: 'incomplete', endReason: 'timeout' } as const
  const marked = await getMarkedPersona(db, run.personaId)
  await t.rejects(
    recordEnd(db, { ...taken, lease: { ...lease, attempt: lease.attempt + 1 } }, marked, {
      end,
      reflection: null
    }),
    { code: 'RUN_LOST' }
  )
  t.same(await rows(), before)
  await recordEnd(db, taken, marked, { end, reflection: null })
  t.match(await rows(), {
    spent: [{ usd: '0.250000' }],
    visits: 1,
    run: { state: 'incomplete', unansweredUsd: 0.25 },
    actions: ['unknown']
  })
  await t.rejects(
    recordEnd(db, taken, marked, { end, reflection: null }),
    { code: 'RUN_LOST' },
    'nor does one that has ended it already'
  )
})
