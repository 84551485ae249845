import { sql, type Kysely } from 'kysely'

/**
 * What an app lists and no persona gets to see, and why. A row goes when the tool is shown to a
 * persona again.
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE tools_set_aside (
      app             text NOT NULL REFERENCES apps ON DELETE CASCADE,
      tool_name       text NOT NULL,
      reason          text NOT NULL,
      why             text NOT NULL,
      -- refused by this model, with this definition; null: something else is the reason
      model           text,
      definition_hash text,
      since           timestamptz NOT NULL DEFAULT now(),
      -- when the row was last written: for a refusal, when the model last refused
      noted_at        timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (app, tool_name, reason)
    )`.execute(db)
}
