import { sql, type Kysely } from 'kysely'

/** What was said of a release at each look: written once and never changed (docs/verdicts.md). */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE release_looks (
      app         text NOT NULL REFERENCES apps ON DELETE CASCADE,
      -- the last of those that are judged together
      release     text NOT NULL,
      module      text NOT NULL,
      -- days under the release that were looked at
      day         integer NOT NULL,
      -- all that are judged together, in the order in which they came: ["2.5.0", "2.5.1"]
      releases    jsonb NOT NULL,
      state       text NOT NULL,
      -- why both sides cannot be compared; null: they can
      reason      text,
      days_before integer NOT NULL,
      -- as ChannelFinding of src/analysis/verdicts/channel-finding.ts; null: nothing could be computed
      rating      jsonb,
      friction    jsonb,
      -- days under the release that would be enough; null: not known, or waiting alone will not do
      days_needed integer,
      -- { before, after }: failed calls as a share; null: there were no calls on one side
      errors      jsonb,
      -- [{ by, group, personas, delta }]
      groups      jsonb NOT NULL,
      judged_at   timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (app, release, module, day)
    )`.execute(db)
}
