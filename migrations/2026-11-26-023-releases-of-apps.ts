import { sql, type Kysely } from 'kysely'

/** Releases belong to an app, and say where they come from and which modules they touch. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE releases
      ADD COLUMN app text NOT NULL DEFAULT 'main' REFERENCES apps ON DELETE CASCADE,
      -- null: the deployment did not say
      ADD COLUMN commit_id text,
      ADD COLUMN link text,
      -- names of the modules that the release declares to touch: ["todo"]; empty: it declares nothing
      ADD COLUMN touches jsonb NOT NULL DEFAULT '[]'`.execute(db)
  await sql`ALTER TABLE releases DROP CONSTRAINT releases_pkey, ADD PRIMARY KEY (app, version)`
    .execute(db)
  await sql`DROP INDEX releases_by_time`.execute(db)
  await sql`CREATE INDEX releases_by_time ON releases (app, at DESC, created_at DESC)`.execute(db)
}
