import { sql, type Kysely } from 'kysely'

/** Several apps side by side: each with its address, its kind of accounts and its policy. */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE apps (
      name       text PRIMARY KEY CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
      -- as AppSettings of src/runner/apps/schemas.ts; null: what the environment of each process says
      settings   jsonb,
      -- the secret of the app's OAuth client, sealed under ENCRYPTION_KEYS (src/platform/seal.ts); null: there is none
      key_id     text,
      sealed     text,
      -- counts changes of the settings, so that every process notices
      version    integer NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      CHECK ((settings IS NULL) = (name = 'main')),
      CHECK ((key_id IS NULL) = (sealed IS NULL))
    )`.execute(db)
  await sql`INSERT INTO apps (name) VALUES ('main')`.execute(db)
  // Sealed under another key than the first: those that secrets:rotate looks for.
  await sql`CREATE INDEX apps_by_key ON apps (key_id, name) WHERE key_id IS NOT NULL`.execute(db)

  await sql`ALTER TABLE personas ADD COLUMN app text NOT NULL DEFAULT 'main' REFERENCES apps`
    .execute(db)
  await sql`CREATE INDEX personas_of_app ON personas (app) WHERE app <> 'main'`.execute(db)
  // The persona's, copied when the run is opened.
  await sql`ALTER TABLE runs ADD COLUMN app text NOT NULL DEFAULT 'main'`.execute(db)
  await sql`ALTER TABLE known_tools ADD COLUMN app text NOT NULL DEFAULT 'main' REFERENCES apps ON DELETE CASCADE`
    .execute(db)
  await sql`ALTER TABLE known_tools DROP CONSTRAINT known_tools_pkey, ADD PRIMARY KEY (app, tool_name)`
    .execute(db)
}
