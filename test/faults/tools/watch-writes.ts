import { sql } from 'kysely'
import type { Queryable } from '../../../src/platform/db/database.ts'

/**
 * Triggers that record which process takes which run, to live it or to give it up, and every write
 * on a run by a process that is not the one that took it last. The process is the
 * `application_name` of its connections (`urlFor`).
 */
export async function watchWrites (db: Queryable): Promise<void> {
  await sql`CREATE SCHEMA faults`.execute(db)
  await sql`
    CREATE TABLE faults.takes (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run_id text NOT NULL, worker text NOT NULL, attempt int NOT NULL,
      at timestamptz NOT NULL DEFAULT clock_timestamp()
    )`.execute(db)
  await sql`CREATE INDEX ON faults.takes (run_id, id)`.execute(db)
  await sql`CREATE TABLE faults.stale_writes (run_id text, worker text, taker text, relation text, at timestamptz DEFAULT clock_timestamp())`
    .execute(db)
  await sql`
    CREATE FUNCTION faults.record_take () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO faults.takes (run_id, worker, attempt) VALUES (NEW.id, current_setting('application_name'), NEW.attempt);
      RETURN NULL;
    END $$`.execute(db)
  await sql`
    CREATE FUNCTION faults.record_write () RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      run text := to_jsonb(NEW) ->> TG_ARGV[0];
      taker text := (SELECT worker FROM faults.takes WHERE run_id = run ORDER BY id DESC LIMIT 1);
    BEGIN
      IF taker <> current_setting('application_name') THEN
        INSERT INTO faults.stale_writes (run_id, worker, taker, relation) VALUES (run, current_setting('application_name'), taker, TG_TABLE_NAME);
      END IF;
      RETURN NULL;
    END $$`.execute(db)
  await sql`
    CREATE TRIGGER take AFTER UPDATE OF attempt ON runs FOR EACH ROW WHEN (NEW.attempt > OLD.attempt)
    EXECUTE FUNCTION faults.record_take()`.execute(db)
  await sql`CREATE TRIGGER write AFTER INSERT OR UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION faults.record_write('run_id')`
    .execute(db)
  await sql`CREATE TRIGGER write AFTER INSERT OR UPDATE ON persona_actions FOR EACH ROW EXECUTE FUNCTION faults.record_write('tick_id')`
    .execute(db)
}

export async function listStaleWrites (db: Queryable): Promise<unknown[]> {
  const { rows } =
    await sql`SELECT w.*, r.state, r.attempt FROM faults.stale_writes w LEFT JOIN runs r ON r.id = w.run_id ORDER BY w.at`
      .execute(db)
  return rows
}

export interface HeldRun {
  runId: string
  attempt: number
}

/** The open runs that this process took last. */
export async function heldBy (db: Queryable, worker: string): Promise<HeldRun[]> {
  const { rows } = await sql<HeldRun>`
    SELECT r.id AS "runId", r.attempt FROM runs r
    WHERE r.finished_at IS NULL AND r.attempt > 0
      AND (SELECT worker FROM faults.takes WHERE run_id = r.id ORDER BY id DESC LIMIT 1) = ${worker}`
    .execute(db)
  return rows
}

/**
 * When each of these runs was taken up again, or made final by giving it up, in milliseconds since
 * 1970; those that were not are left out.
 */
export async function takenUpAgain (db: Queryable, held: HeldRun[]): Promise<Map<string, number>> {
  if (held.length === 0) return new Map()
  const { rows } = await sql<{ run_id: string, at: Date }>`
    SELECT lost.run_id, coalesce(min(t.at), min(r.finished_at)) AS at
    FROM unnest(${held.map(run => run.runId)}::text[], ${
    held.map(run => run.attempt)
  }::int[]) AS lost (run_id, attempt)
    LEFT JOIN faults.takes t ON t.run_id = lost.run_id AND t.attempt > lost.attempt
    LEFT JOIN runs r ON r.id = lost.run_id
    GROUP BY lost.run_id HAVING coalesce(min(t.at), min(r.finished_at)) IS NOT NULL`.execute(db)
  return new Map(rows.map(row => [row.run_id, row.at.getTime()]))
}

/**
 * Lets the queue believe that nothing was heard of these runs for long: what a short scenario does
 * instead of waiting. The queue then finds it in its next round, within seconds.
 */
export async function loseHeartbeats (db: Queryable, runs: HeldRun[]): Promise<void> {
  await sql`
    UPDATE pgboss.job SET heartbeat_on = heartbeat_on - interval '10 minutes'
    WHERE state = 'active' AND data ->> 'runId' = ANY (${runs.map(run => run.runId)})`.execute(db)
}
