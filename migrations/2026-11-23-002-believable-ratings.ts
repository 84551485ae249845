import { sql, type Kysely } from 'kysely'

/**
 * What makes a rating believable: evidence, friction, attribution, patience, memory and versions
 * (docs/ratings.md).
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE personas
      -- points that errors, slowness and repeats use up; at zero the persona walks away
      ADD COLUMN patience integer NOT NULL DEFAULT 100 CHECK (patience > 0)`.execute(db)

  await sql`
    ALTER TABLE runs
      -- null: no release was known when the run began
      ADD COLUMN app_version text,
      -- numbers of the actions that used up the patience; null: did not walk away
      ADD COLUMN walked_away_over integer[]`.execute(db)

  await sql`
    ALTER TABLE persona_actions
      -- whose fault it was that the call did not end ok; null: it did, or nobody knows (posted actions)
      ADD COLUMN blame text CHECK (blame IN ('app', 'persona', 'model', 'account', 'harness'))`
    .execute(db)

  await sql`
    ALTER TABLE persona_feedback
      -- whether the evidence was checked and holds; null: never checked (posted feedback), counts in no mean
      ADD COLUMN grounded boolean,
      -- why not; null: grounded or never checked
      ADD COLUMN ungrounded_reason text,
      ADD COLUMN model text,
      ADD COLUMN prompt_version text,
      ADD COLUMN persona_version integer,
      ADD COLUMN app_version text`.execute(db)

  // For insights and exports, which read a range of time in order of (time, id), forwards or
  // backwards.
  await sql`CREATE INDEX persona_feedback_by_time ON persona_feedback (created_at, id)`.execute(db)
  await sql`CREATE INDEX persona_actions_by_time ON persona_actions (created_at, id)`.execute(db)
  await sql`
    CREATE INDEX persona_actions_not_ok ON persona_actions (created_at, id) WHERE result IN ('error', 'unknown', 'rejected')`
    .execute(db)
  await sql`DROP INDEX runs_by_time`.execute(db)
  await sql`CREATE INDEX runs_by_time ON runs (queued_at, id)`.execute(db)

  // One row per run and module that was used, computed from the actions alone when the run ends,
  // rated or not.
  await sql`
    CREATE TABLE module_visits (
      run_id          text NOT NULL REFERENCES runs ON DELETE CASCADE,
      module          text NOT NULL,
      persona_id      uuid NOT NULL REFERENCES personas ON DELETE CASCADE,
      persona_version integer NOT NULL,
      model           text,
      prompt_version  text,
      app_version     text,
      calls           integer NOT NULL,
      app_errors      integer NOT NULL,
      persona_errors  integer NOT NULL,
      model_errors    integer NOT NULL,
      account_errors  integer NOT NULL,
      harness_errors  integer NOT NULL,
      repeats         integer NOT NULL,
      repair_loops    integer NOT NULL,
      slow_calls      integer NOT NULL,
      unknown_calls   integer NOT NULL,
      latency_ms_sum  bigint NOT NULL,
      -- 0 to 100, see docs/ratings.md
      friction        real NOT NULL,
      -- the patience ran out over calls of this module
      walked_away     boolean NOT NULL DEFAULT false,
      -- rating and friction contradict each other; null: no grounded number to compare with
      say_do_gap      boolean,
      created_at      timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (run_id, module)
    )`.execute(db)
  await sql`CREATE INDEX module_visits_by_time ON module_visits (created_at, module)`.execute(db)
  await sql`CREATE INDEX module_visits_by_persona ON module_visits (persona_id, created_at DESC)`
    .execute(db)

  await sql`
    CREATE TABLE persona_diaries (
      persona_id uuid PRIMARY KEY REFERENCES personas ON DELETE CASCADE,
      -- what the persona remembers of all days, in its own words, rewritten by itself every day
      memory     text NOT NULL DEFAULT '',
      -- the latest days in full, oldest first: [{ date, did, annoyed, plan }]
      entries    jsonb NOT NULL DEFAULT '[]',
      updated_at timestamptz NOT NULL DEFAULT now()
    )`.execute(db)

  await sql`
    CREATE TABLE releases (
      version    text PRIMARY KEY,
      at         timestamptz NOT NULL DEFAULT now(),
      notes      text,
      created_at timestamptz NOT NULL DEFAULT now()
    )`.execute(db)
  await sql`CREATE INDEX releases_by_time ON releases (at DESC)`.execute(db)

  // Every tool that the app has ever shown to a persona, so that those nobody used can be named.
  await sql`
    CREATE TABLE known_tools (
      tool_name     text PRIMARY KEY,
      module        text NOT NULL,
      first_seen_at timestamptz NOT NULL DEFAULT now(),
      last_seen_at  timestamptz NOT NULL DEFAULT now()
    )`.execute(db)
}
