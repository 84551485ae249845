import { sql, type Kysely } from 'kysely'

export async function up (db: Kysely<unknown>): Promise<void> {
  // For the queue, which makes its own tables in it. Here because processes that start together on
  // an empty database would race for it: CREATE SCHEMA IF NOT EXISTS is not safe against itself.
  await sql`CREATE SCHEMA IF NOT EXISTS pgboss`.execute(db)

  await sql`
    CREATE TABLE personas (
      id                   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      email                text NOT NULL UNIQUE,
      name                 text NOT NULL,
      archetype            text NOT NULL,
      system_prompt        text NOT NULL,
      module_mix           jsonb NOT NULL DEFAULT '{}',
      cadence              text NOT NULL CHECK (cadence IN ('hourly', 'daily', 'weekdays')),
      -- the check makes Postgres refuse a zone it does not know here, where it hurts one persona, and not in the due-query, where it would hurt all
      time_zone            text NOT NULL DEFAULT 'Europe/Berlin' CHECK ((timestamptz 'epoch' AT TIME ZONE time_zone) IS NOT NULL),
      locale               text NOT NULL DEFAULT 'de',
      paused               boolean NOT NULL DEFAULT false,
      -- null: not paused, or paused by hand without a reason
      pause_reason         text,
      -- null: has never run
      last_active_at       timestamptz,
      consecutive_failures integer NOT NULL DEFAULT 0,
      -- null: not backing off
      not_before           timestamptz,
      -- counts changes of the character; ratings of different versions are not comparable
      version              integer NOT NULL DEFAULT 1,
      created_at           timestamptz NOT NULL DEFAULT now(),
      updated_at           timestamptz NOT NULL DEFAULT now()
    )`.execute(db)
  // The due-query walks one arm of this index per cadence, never-run first, and stops at its limit:
  // its cost follows what is due.
  await sql`CREATE INDEX personas_due ON personas (cadence, last_active_at NULLS FIRST) WHERE NOT paused`
    .execute(db)

  await sql`
    CREATE TABLE runs (
      id                 text PRIMARY KEY DEFAULT gen_random_uuid()::text,
      persona_id         uuid NOT NULL REFERENCES personas ON DELETE CASCADE,
      persona_version    integer NOT NULL,
      state              text NOT NULL DEFAULT 'queued'
                         CHECK (state IN ('queued', 'acting', 'reflecting', 'completed', 'incomplete', 'failed', 'abandoned')),
      -- fencing token: goes up each time a worker takes the run; a write with an older one changes nothing
      attempt            integer NOT NULL DEFAULT 0,
      -- null: opened by an operator and not by a tick
      tick               text,
      queued_at          timestamptz NOT NULL DEFAULT now(),
      -- null: no worker has taken it yet
      started_at         timestamptz,
      -- null: not final
      finished_at        timestamptz,
      -- null: nobody asked for its end
      cancel_requested_at timestamptz,
      -- why the acting phase ended, e.g. end_turn, max_turns, timeout, refusal; null: still acting
      end_reason         text,
      -- set for failed and abandoned only
      error_code         text,
      error_message      text,
      -- the persona's closing sentence; null: it did not get that far
      day_summary        text,
      -- the module that cost the persona most, by its own word; null: none, or not said
      costliest_module   text,
      -- null: no reply yet
      model              text,
      prompt_version     text,
      turns              integer NOT NULL DEFAULT 0,
      input_tokens       bigint NOT NULL DEFAULT 0,
      output_tokens      bigint NOT NULL DEFAULT 0,
      cache_write_tokens bigint NOT NULL DEFAULT 0,
      cache_read_tokens  bigint NOT NULL DEFAULT 0
    )`.execute(db)
  // The final arbiter of "one open run per persona", whatever the replicas do.
  await sql`CREATE UNIQUE INDEX runs_one_open_per_persona ON runs (persona_id) WHERE finished_at IS NULL`
    .execute(db)
  await sql`CREATE INDEX runs_by_persona ON runs (persona_id, queued_at DESC)`.execute(db)
  await sql`CREATE INDEX runs_by_time ON runs (queued_at DESC, id)`.execute(db)
  await sql`CREATE INDEX runs_by_tick ON runs (tick) WHERE tick IS NOT NULL`.execute(db)
  await sql`CREATE INDEX runs_open ON runs (state) WHERE finished_at IS NULL`.execute(db)

  await sql`
    CREATE TABLE messages (
      run_id      text NOT NULL REFERENCES runs ON DELETE CASCADE,
      -- position in the conversation, from 0
      seq         integer NOT NULL,
      phase       text NOT NULL CHECK (phase IN ('acting', 'reflecting')),
      role        text NOT NULL CHECK (role IN ('user', 'assistant')),
      content     jsonb NOT NULL,
      -- null on user messages
      stop_reason text,
      created_at  timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (run_id, seq)
    )`.execute(db)

  // tick_id has no foreign key: other runners post actions of ticks that only they know (POST
  // /internal/personas/:id/actions).
  await sql`
    CREATE TABLE persona_actions (
      -- tick id, ordinal and tool name joined by dashes: the same call always gets the same row
      id            text PRIMARY KEY,
      persona_id    uuid NOT NULL REFERENCES personas ON DELETE CASCADE,
      tick_id       text NOT NULL,
      -- position among the actions of its tick, from 0
      ordinal       integer NOT NULL,
      tool_name     text NOT NULL,
      module        text NOT NULL,
      -- null: posted by a client that does not hash inputs
      input_hash    text,
      result        text NOT NULL CHECK (result IN ('started', 'ok', 'error', 'unknown', 'rejected')),
      -- null: ok, or still going on
      error_message text,
      -- null: never sent, or no answer came
      latency_ms    integer,
      -- what the tool answered, cleaned and cut; null for posted actions
      result_text   text,
      -- which tool_use block of which message asked for it; null for posted actions
      tool_use_id   text,
      message_seq   integer,
      created_at    timestamptz NOT NULL DEFAULT now(),
      -- null: still going on
      finished_at   timestamptz
    )`.execute(db)
  await sql`CREATE INDEX persona_actions_by_tick ON persona_actions (tick_id, ordinal)`.execute(db)
  await sql`CREATE INDEX persona_actions_by_persona ON persona_actions (persona_id, created_at DESC)`
    .execute(db)

  await sql`
    CREATE TABLE persona_feedback (
      -- tick id and module joined by a dash: one rating per module per tick
      id           text PRIMARY KEY,
      persona_id   uuid NOT NULL REFERENCES personas ON DELETE CASCADE,
      tick_id      text NOT NULL,
      module       text NOT NULL,
      -- null: cannot say, or a __parse row; counts in no mean
      rating       integer CHECK (rating BETWEEN 1 AND 5),
      notes        text,
      -- actions and quotes that the notes rest on; null for posted feedback
      evidence     jsonb,
      -- better, same, worse or first; null: not said
      compared_to_last_time text,
      -- the answer as it came, on __parse rows only
      raw_text     text,
      created_at   timestamptz NOT NULL DEFAULT now(),
      CHECK (module <> '__parse' OR rating IS NULL)
    )`.execute(db)
  await sql`CREATE INDEX persona_feedback_by_tick ON persona_feedback (tick_id)`.execute(db)
  await sql`CREATE INDEX persona_feedback_by_persona ON persona_feedback (persona_id, module, created_at DESC)`
    .execute(db)

  // One row for all replicas: an operator's pause reaches every process at its next tick.
  await sql`
    CREATE TABLE runner_state (
      only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      paused       boolean NOT NULL DEFAULT false,
      pause_reason text,
      changed_at   timestamptz NOT NULL DEFAULT now()
    )`.execute(db)
  await sql`INSERT INTO runner_state DEFAULT VALUES`.execute(db)
}
