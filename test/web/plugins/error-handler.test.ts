import { sql } from 'kysely'
import t from 'tap'
import { admin, createPersona, startTestApp } from '../../helpers/app.ts'

t.test('a full disk is told as such, reads go on, and the row is stored once there is space', async t => {
  const app = await startTestApp(t)
  const { db } = app.database
  await createPersona(app, { email: 'first@personas.test' })
  // As PostgreSQL says it: "could not extend file", class 53.
  await sql`CREATE FUNCTION fill_disk () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$`.execute(db)
  await sql`CREATE TRIGGER full_disk BEFORE INSERT ON releases EXECUTE FUNCTION fill_disk()`
    .execute(db)
  const release = { url: '/api/v1/admin/releases', headers: admin, payload: { version: '1' } }

  const refused = await app.inject({ method: 'POST', ...release })
  t.match([refused.statusCode, refused.json()], [503, {
    code: 'DATABASE_FULL',
    message: /disk of the database is full.*Free space/
  }])
  t.equal(refused.headers['retry-after'], '60')
  const personas = await app.inject({ url: '/api/v1/admin/personas', headers: admin })
  t.equal(personas.statusCode, 200)

  await sql`DROP TRIGGER full_disk ON releases`.execute(db)
  t.equal((await app.inject({ method: 'POST', ...release })).statusCode, 201)
})

t.test('rows that another request changed or deleted meanwhile are told as such', async t => {
  const app = await startTestApp(t)
  const { db } = app.database
  for (const condition of ['deadlock_detected', 'foreign_key_violation', 'serialization_failure']) {
    await sql`CREATE OR REPLACE FUNCTION fail () RETURNS trigger LANGUAGE plpgsql AS ${
      sql.raw(`$$ BEGIN RAISE EXCEPTION 'as it happens' USING ERRCODE = '${condition}'; END $$`)
    }`.execute(db)
    await sql`CREATE OR REPLACE TRIGGER fails BEFORE INSERT ON releases EXECUTE FUNCTION fail()`
      .execute(db)
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/admin/releases',
      headers: admin,
      payload: { version: '1' }
    })
    t.match([answer.statusCode, answer.headers['retry-after'], answer.json()], [503, '1', {
      code: 'CHANGED_MEANWHILE',
      message: /ask again/
    }], condition)
  }
})
