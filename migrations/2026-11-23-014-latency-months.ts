import { sql, type Kysely } from 'kysely'

/**
 * Months whose days are all folded: durations of a year come from twelve of these and not from 365
 * days (src/analysis/insights/folds.ts).
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  // The first day of each. A month that is not here is read day by day.
  await sql`CREATE TABLE folded_months (month date PRIMARY KEY)`.execute(db)
  await sql`
    CREATE TABLE latency_months (
      month          date NOT NULL REFERENCES folded_months ON DELETE CASCADE,
      module         text NOT NULL,
      model          text,
      prompt_version text,
      app_version    text,
      latencies_ms   integer[] NOT NULL,
      calls          integer[] NOT NULL
    )`.execute(db)
  await sql`CREATE INDEX latency_months_by_month ON latency_months (month)`.execute(db)

  // Whoever forgets a day forgets its month.
  await sql`
    CREATE FUNCTION unfold_month_of_day() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      DELETE FROM folded_months WHERE month = date_trunc('month', OLD.day)::date;
      RETURN OLD;
    END $$`.execute(db)
  await sql`
    CREATE TRIGGER unfold_month AFTER DELETE ON folded_days FOR EACH ROW EXECUTE FUNCTION unfold_month_of_day()`
    .execute(db)
}
