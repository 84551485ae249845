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
