import t from 'tap'
import type { Queryable } from '../../src/db/database.ts'
import { listRunActions } from '../../src/actions/repository.ts'
import { openJournal } from '../../src/runs/journal.ts'
import { openRuns, takeRun } from '../../src/runs/repository.ts'
import { upsertPersona } from '../../src/personas/repository.ts'
import { PERSONA } from '../helpers/app.ts'
import { openTestDatabase } from '../helpers/database.ts'

const CALL = { ordinal: 0, toolName: 'todo.create', inputHash: 'h', toolUseId: 'toolu_1', messageSeq: 1 }
const { now } = performance
t.afterEach(() => { performance.now = now })

/** The same database, where something happens between the commit of what is written and the news of it. */
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
  const journal = await openJournal(afterCommit(db, async () => {
    if (stoppedMs === 0) await takeRun(db, taken.run.id)
    stoppedMs += 60_000
  }), taken, () => {})
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
  const journal = await openJournal(afterCommit(db, async () => { if (stoppedMs === 0) stoppedMs = 60_000 }), taken, () => {})
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
  const journal = await openJournal(afterCommit(db, async () => { stoppedMs += 60_000 }), taken, () => {})
  await journal.startCall(CALL)
  await t.rejects(journal.makeSure(), /took longer than 5000 ms/)
})
