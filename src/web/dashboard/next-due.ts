import { sql } from 'kysely'

/**
 * When a persona (alias `p`) becomes due, as the due-query implies: the past or now means at the
 * next tick. Null: it is paused, or living a day. What falls on a weekend waits for Monday in the
 * persona's own zone.
 */
export const nextDueAt = sql<Date | null>`(
  CASE WHEN p.paused OR EXISTS (SELECT FROM runs r WHERE r.persona_id = p.id AND r.finished_at IS NULL) THEN NULL ELSE (
    SELECT CASE WHEN p.cadence = 'weekdays' AND extract(isodow FROM soonest AT TIME ZONE p.time_zone) > 5
      THEN (date_trunc('week', soonest AT TIME ZONE p.time_zone) + interval '7 days') AT TIME ZONE p.time_zone ELSE soonest END
    FROM (SELECT greatest(now(), p.not_before,
      p.last_active_at + CASE p.cadence WHEN 'hourly' THEN interval '1 hour' ELSE interval '24 hours' END) AS soonest) AS rhythm
  ) END)`
