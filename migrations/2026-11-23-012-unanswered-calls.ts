import { sql, type Kysely } from 'kysely'

/**
 * Calls of the model whose answer never came may be charged for all the same: they count against
 * the run's own limit too.
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE runs ADD COLUMN unanswered_usd numeric(14, 6) NOT NULL DEFAULT 0`.execute(
    db
  )

  // A run takes its reservation along when it is deleted, and what was reserved was perhaps spent.
  // Here and not in a repository, because whoever deletes a persona, by whatever way, must not give
  // its money back to the day.
  await sql`
    CREATE FUNCTION charge_reservation_of_run() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      WITH ended AS (DELETE FROM spend_reservations WHERE run_id = OLD.id RETURNING day, usd)
      UPDATE daily_spend SET usd = daily_spend.usd + ended.usd, calls = calls + 1, unanswered_calls = unanswered_calls + 1
      FROM ended WHERE daily_spend.day = ended.day;
      RETURN OLD;
    END $$`.execute(db)
  await sql`
    CREATE TRIGGER charge_reservation BEFORE DELETE ON runs FOR EACH ROW EXECUTE FUNCTION charge_reservation_of_run()`
    .execute(db)
}
