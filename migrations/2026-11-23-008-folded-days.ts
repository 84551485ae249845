import { sql, type Kysely } from 'kysely'

/**
 * Days that are over, added up once, so that an insight over a year does not read a year's rows
 * (src/analysis/insights/folds.ts).
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  // Days of UTC. A day that is not here is read row by row: forgetting one costs time and changes
  // no number.
  await sql`
    CREATE TABLE folded_days (
      day       date PRIMARY KEY,
      folded_at timestamptz NOT NULL DEFAULT now()
    )`.execute(db)

  // What src/analysis/insights/module-facts.ts adds up, over all personas.
  await sql`
    CREATE TABLE module_days (
      day            date NOT NULL REFERENCES folded_days ON DELETE CASCADE,
      module         text NOT NULL,
      model          text,
      prompt_version text,
      app_version    text,
      latest_at      timestamptz NOT NULL,
      told           integer NOT NULL,
      n              integer NOT NULL,
      rating_sum     integer NOT NULL,
      rating_squares integer NOT NULL,
      ungrounded     integer NOT NULL,
      cannot_say     integer NOT NULL,
      unchecked      integer NOT NULL,
      visits         integer NOT NULL,
      friction_calls numeric NOT NULL,
      calls          integer NOT NULL,
      app_errors     integer NOT NULL,
      persona_errors integer NOT NULL,
      model_errors   integer NOT NULL,
      account_errors integer NOT NULL,
      harness_errors integer NOT NULL,
      walk_aways     integer NOT NULL,
      gaps           integer NOT NULL
    )`.execute(db)
  await sql`CREATE INDEX module_days_by_day ON module_days (day)`.execute(db)

  // How many calls took how long, rounded as in src/analysis/insights/cells.ts.
  await sql`
    CREATE TABLE latency_days (
      day            date NOT NULL REFERENCES folded_days ON DELETE CASCADE,
      module         text NOT NULL,
      model          text,
      prompt_version text,
      app_version    text,
      latencies_ms   integer[] NOT NULL,
      calls          integer[] NOT NULL
    )`.execute(db)
  await sql`CREATE INDEX latency_days_by_day ON latency_days (day)`.execute(db)

  // From when to when a version of a persona used or rated a module, on folded days: who was there,
  // and in which versions.
  await sql`
    CREATE TABLE persona_spans (
      persona_id       uuid NOT NULL REFERENCES personas ON DELETE CASCADE,
      -- 0: sent by another runner
      version          integer NOT NULL,
      module           text NOT NULL,
      model            text,
      prompt_version   text,
      -- true: under whatever release, and app_version is null; each span is here once so, and once for each of its releases
      any_release      boolean NOT NULL,
      app_version      text,
      first_at         timestamptz NOT NULL,
      last_at          timestamptz NOT NULL,
      -- of ratings that count; null: there are none
      first_counted_at timestamptz,
      last_counted_at  timestamptz
    )`.execute(db)
  await sql`
    CREATE UNIQUE INDEX persona_spans_once ON persona_spans
    (persona_id, version, module, coalesce(model, ''), coalesce(prompt_version, ''), any_release, coalesce(app_version, ''))`
    .execute(db)
  await sql`CREATE INDEX persona_spans_of_all ON persona_spans (last_at) WHERE any_release`.execute(
    db
  )
  await sql`CREATE INDEX persona_spans_of_release ON persona_spans (app_version) WHERE NOT any_release`
    .execute(db)

  // Nothing but a persona's deletion takes rows out of a day that is over. Here and not in a
  // repository, because whoever deletes a persona, by whatever way, must not leave its ratings in
  // the numbers. The lock is that of foldNext: a day that is being folded is waited for, and then
  // forgotten.
  await sql`
    CREATE FUNCTION unfold_days_of_persona() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtext('persona-runner folded_days'));
      DELETE FROM folded_days WHERE day IN (
        SELECT (created_at AT TIME ZONE 'UTC')::date FROM persona_actions WHERE persona_id = OLD.id
        UNION SELECT (created_at AT TIME ZONE 'UTC')::date FROM module_visits WHERE persona_id = OLD.id
        UNION SELECT (created_at AT TIME ZONE 'UTC')::date FROM persona_feedback WHERE persona_id = OLD.id
      );
      RETURN OLD;
    END $$`.execute(db)
  await sql`
    CREATE TRIGGER unfold_days BEFORE DELETE ON personas FOR EACH ROW EXECUTE FUNCTION unfold_days_of_persona()`
    .execute(db)

  // Few rows of many: without an index of their own they are looked for among all.
  await sql`CREATE INDEX persona_feedback_unreadable ON persona_feedback (created_at) WHERE module = '__parse'`
    .execute(db)
  await sql`CREATE INDEX module_visits_gaps ON module_visits (created_at, run_id) WHERE say_do_gap`
    .execute(db)
  await sql`CREATE INDEX module_visits_walk_aways ON module_visits (created_at, run_id) WHERE walked_away`
    .execute(db)

  // Of two indexes that are nearly empty when Postgres last looked, it takes either: with this one
  // the due-query compared each persona with all open runs (up to a second for a claim of 100 on a
  // busy machine, 20 ms without it). The unique index on open runs serves all that this one did.
  await sql`DROP INDEX runs_open`.execute(db)
}
