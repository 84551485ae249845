import { sql } from 'kysely'
import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import { admin, service, startTestApp } from '../../helpers/app.ts'
import { closedPort } from '../../helpers/closed-port.ts'
import { openTestDatabase } from '../../helpers/database.ts'

t.test('with its database', async t => {
  const database = await openTestDatabase(t)
  const app = await startTestApp(t, { database })

  await t.test('a process that serves its routes is alive and ready, also with the runner off', async t => {
    t.match(await app.inject('/health'), { statusCode: 200, body: '{"ok":true}' })
    const ready = await app.inject('/ready')
    t.equal(ready.statusCode, 200)
    t.same(
      ready.json(),
      {
        ok: true,
        database: 'ok',
        migrations: 'ok',
        queue: 'off: ANTHROPIC_API_KEY not set',
        paused: false,
        degraded: [],
        lastPokeAt: null
      }
    )
  })

  await t.test('a paused runner is ready and says that it is paused', async t => {
    await app.inject({
      method: 'POST',
      url: '/api/v1/admin/runner',
      headers: admin,
      payload: { paused: true }
    })
    t.match([(await app.inject('/ready')).statusCode, (await app.inject('/ready')).json()], [200, {
      ok: true,
      paused: true
    }])
  })

  await t.test('a database that lacks a migration is not ready, and the answer names it', async t => {
    const { rows: [last] } = await sql<{ name: string }>`
      DELETE FROM kysely_migration WHERE name = (SELECT max(name) FROM kysely_migration) RETURNING name`
      .execute(database.db)
    t.match(
      [(await app.inject('/ready')).statusCode, (await app.inject('/ready')).json()],
      [503, { ok: false, database: 'ok', migrations: `missing: ${last?.name}` }]
    )
  })

  await t.test('a process that lost its database is alive but not ready', async t => {
    await database.close()
    t.match(await app.inject('/health'), { statusCode: 200, body: '{"ok":true}' })
    const ready = await app.inject('/ready')
    t.match([ready.statusCode, ready.json()], [503, {
      ok: false,
      migrations: 'unknown',
      database: /\w/
    }])
    t.not(ready.json().database, 'ok')
    const due = await app.inject({ url: '/api/v1/internal/personas/due', headers: service })
    t.ok(due.statusCode >= 500)
    t.same(
      Object.keys(due.json()),
      ['code', 'message'],
      'an outage tells no more than code and message'
    )
  })
})

t.test('a process whose database server is not there yet starts, says so, and closes when asked', async t => {
  const app = await buildApp({
    env: {
      NODE_ENV: 'test',
      SERVICE_KEY: service['x-service-key'],
      DATABASE_URL: `postgres://nobody:top-secret@127.0.0.1:${await closedPort()}/nothing`
    }
  })
  t.teardown(() => app.close())
  await app.ready()
  t.match(await app.inject('/health'), { statusCode: 200, body: '{"ok":true}' })
  const ready = await app.inject('/ready')
  t.match([ready.statusCode, ready.json()], [503, {
    ok: false,
    database: 'waiting for the server',
    migrations: 'unknown'
  }])
  const due = await app.inject({ url: '/api/v1/internal/personas/due', headers: service })
  t.match([due.statusCode, due.json()], [503, { code: 'NOT_READY', message: /\/ready/ }])
})
