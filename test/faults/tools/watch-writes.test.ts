import t from 'tap'
import { openDatabase } from '../../../src/platform/db/database.ts'
import { openRuns, takeRun } from '../../../src/runner/runs/repository.ts'
import { NEEDS_SERVER } from '../in-tap.ts'
import { addPersonas, openStore, urlFor } from './store.ts'
import { listStaleWrites, heldBy, takenUpAgain, watchWrites } from './watch-writes.ts'

t.test('a write by a process that is not the last to have taken the run is seen', {
  skip: NEEDS_SERVER
}, async t => {
  const store = await openStore(t)
  const { db } = store
  await watchWrites(db)
  await addPersonas(db, 1)
  const workerNamed = async (name: string) => {
    const opened = await openDatabase({
      url: urlFor(store, name),
      dataDir: '',
      poolSize: 1,
      onError: () => {}
    })
    t.teardown(opened.close)
    const write = (seq: number) =>
      opened.db.insertInto('messages')
        .values({
          run_id: runId,
          seq,
          phase: 'acting',
          role: 'user',
          content: '[]',
          stop_reason: null
        }).execute()
    return { take: () => takeRun(opened.db, runId), write }
  }
  const persona = await db.selectFrom('personas').select(['id', 'version'])
    .executeTakeFirstOrThrow()
  const [run] = await openRuns(db, [persona], null)
  const runId = run?.runId ?? ''
  const [first, second] = await Promise.all([workerNamed('first'), workerNamed('second')])

  await first.take()
  await first.write(0)
  const held = await heldBy(db, 'first')
  t.strictSame(held, [{ runId, attempt: 1 }])
  await second.take()
  await second.write(1)
  t.equal((await listStaleWrites(db)).length, 0)
  t.strictSame(await heldBy(db, 'first'), [])
  t.ok((await takenUpAgain(db, held)).has(runId))
  await first.write(2)
  t.equal((await listStaleWrites(db)).length, 1)
})
