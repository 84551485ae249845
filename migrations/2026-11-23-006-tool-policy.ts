import { sql, type Kysely } from 'kysely'

export async function up (db: Kysely<unknown>): Promise<void> {
  // The definition that counts as known: the first that was seen, until an operator accepts another
  // one. null: none yet
  await sql`ALTER TABLE known_tools ADD COLUMN accepted_hash text`.execute(db)
  await sql`UPDATE known_tools SET accepted_hash = definition_hash`.execute(db)

  // What the marks in its prompts are derived from: its own, and never changed, so that its days
  // share what the provider caches.
  await sql`ALTER TABLE personas ADD COLUMN mark_key text NOT NULL DEFAULT gen_random_uuid()::text`
    .execute(db)

  // What somebody tried to make a persona do, or what left its prompt, as far as rules can tell.
  await sql`
    CREATE TABLE incidents (
      -- of run, place and kind: a second look at the same run writes nothing twice
      id         text PRIMARY KEY,
      run_id     text NOT NULL REFERENCES runs ON DELETE CASCADE,
      persona_id uuid NOT NULL REFERENCES personas ON DELETE CASCADE,
      -- of the action whose result or arguments show it; null: the persona's own words do
      ordinal    integer,
      kind       text NOT NULL,
      excerpt    text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    )`.execute(db)
  await sql`CREATE INDEX incidents_newest ON incidents (created_at DESC, id DESC)`.execute(db)
  await sql`CREATE INDEX incidents_run ON incidents (run_id)`.execute(db)
}
