import { sql, type Kysely } from 'kysely'

export async function up (db: Kysely<unknown>): Promise<void> {
  // Shared by all replicas, so that one finds out that a service is down and the others need not.
  await sql`
    CREATE TABLE breakers (
      -- the service and a fingerprint of its address and key: with a new key a new row decides
      id             text PRIMARY KEY,
      service        text NOT NULL CHECK (service IN ('model', 'app')),
      -- how often in a row it was found out of order
      failures       integer NOT NULL,
      opened_at      timestamptz NOT NULL,
      -- until then nobody asks; after that one run at a time tries (half-open)
      open_until     timestamptz NOT NULL,
      -- a run is trying until then at the latest; null: none is
      probe_until    timestamptz,
      code           text NOT NULL,
      reason         text NOT NULL
    )`.execute(db)

  await sql`
    ALTER TABLE runs
      -- null: not waiting for a service that is out of order
      ADD COLUMN deferred_at    timestamptz,
      ADD COLUMN deferred_until timestamptz,
      -- what it waits for, or last waited for
      ADD COLUMN deferred_for   text,
      -- how long it has waited in all; does not count against its time limit
      ADD COLUMN deferred_ms    bigint NOT NULL DEFAULT 0,
      -- which limit was passed and by how much; null: none was
      ADD COLUMN end_detail     text,
      -- null: nobody knows the price of its model
      ADD COLUMN usd            numeric(14, 6),
      -- of MCP, as agreed with the app; null: it never got that far
      ADD COLUMN protocol_version text`.execute(db)

  // Runs in a row that were abandoned, refused by the model or refused by the app's sign-in.
  await sql`ALTER TABLE personas ADD COLUMN strikes integer NOT NULL DEFAULT 0`.execute(db)

  await sql`
    CREATE TABLE daily_spend (
      -- in UTC, by the database's clock
      day              date PRIMARY KEY,
      usd              numeric(14, 6) NOT NULL DEFAULT 0,
      calls            integer NOT NULL DEFAULT 0,
      -- of these, calls whose answer never came: charged with what they could have cost at most
      unanswered_calls integer NOT NULL DEFAULT 0
    )`.execute(db)
  // What a model call under way may cost at most. Counts against the day's budget until the call is
  // settled.
  await sql`
    CREATE TABLE spend_reservations (
      run_id  text PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
      attempt integer NOT NULL,
      day     date NOT NULL,
      usd     numeric(14, 6) NOT NULL
    )`.execute(db)

  // Who is there: one row per process, renewed while it lives.
  await sql`
    CREATE TABLE replicas (
      id         text PRIMARY KEY,
      host       text NOT NULL,
      pid        integer NOT NULL,
      version    text NOT NULL,
      working    boolean NOT NULL,
      started_at timestamptz NOT NULL DEFAULT now(),
      seen_at    timestamptz NOT NULL DEFAULT now()
    )`.execute(db)

  // null: seen before definitions were hashed
  await sql`
    ALTER TABLE known_tools
      ADD COLUMN definition_hash text,
      -- when the definition was last seen to differ from the one before; null: never
      ADD COLUMN changed_at timestamptz`.execute(db)
}
