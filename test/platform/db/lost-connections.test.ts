import { sql } from 'kysely'
import pg from 'pg'
import t from 'tap'
import { ImpatientClient } from '../../../src/platform/db/impatient-client.ts'
import { service, startTestApp } from '../../helpers/app.ts'
import { onServer } from '../../helpers/database.ts'

t.test('a massacre of all connections does not end the process, and the next request works', {
  skip: onServer ? false : 'embedded storage has no connections to lose'
}, async t => {
  const app = await startTestApp(t)
  const due = () => app.inject({ url: '/api/v1/internal/personas/due', headers: service })
  for (let round = 0; round < 5; round++) {
    await Promise.all([1, 2, 3, 4].map(due))
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()`
      .execute(app.database.db).catch(() => {})
    const statuses: number[] = []
    while (statuses.at(-1) !== 200) {
      statuses.push((await due()).statusCode)
      if (statuses.length > 20) break
    }
    t.equal(statuses.at(-1), 200, `after ${statuses.join(', ')}`)
    t.ok(
      statuses.every(status => status === 200 || status === 503),
      'in between it says that the database is away'
    )
  }
})

t.test('a connection that does not answer in time is not given to the next statement', {
  skip: onServer ? false : 'embedded storage has no connections to lose'
}, async t => {
  const pool = new pg.Pool({
    Client: ImpatientClient,
    connectionString: process.env.TEST_DATABASE_URL,
    max: 1,
    query_timeout: 200
  })
  pool.on('error', () => {})
  pool.on('connect', client => client.on('error', () => {}))
  t.teardown(() => pool.end())
  // As Kysely does it: it does not tell the pool what went wrong.
  const ask = async (statement: string) => {
    const client = await pool.connect()
    return client.query(statement).finally(() => client.release())
  }
  await t.rejects(ask('SELECT pg_sleep(30)'), /Query read timeout/)
  t.match(await ask('SELECT 1 AS one'), { rows: [{ one: 1 }] })
})
