import { sql, type RawBuilder } from 'kysely'
import type { RunRow } from '../../platform/db/tables.ts'

/** Which runs a list shows, as conditions on `runs r`. */

export interface RunFilter {
  state?: RunRow['state'] | undefined
  app?: string | undefined
  personaId?: string | undefined
  /** Runs that used it. */
  module?: string | undefined
  archetype?: string | undefined
  release?: string | undefined
  endReason?: string | undefined
  errorCode?: string | undefined
  /** Runs with a rating that counts of this number or a lower one, of `module` where it is set. */
  ratingAtMost?: number | undefined
  /** First and last day (UTC), such as 2026-11-23. */
  from?: string | undefined
  to?: string | undefined
  /** A run's id, or part of the persona's name. */
  search?: string | undefined
}

export function runConditions (filter: RunFilter): RawBuilder<unknown>[] {
  const { state, app, personaId, archetype, release, endReason, errorCode, search } = filter
  return [
    sql`true`,
    ...(state === undefined ? [] : [sql`r.state = ${state}`]),
    ...(app === undefined ? [] : [sql`r.app = ${app}`]),
    ...(personaId === undefined ? [] : [sql`r.persona_id = ${personaId}::uuid`]),
    ...(release === undefined ? [] : [sql`r.app_version = ${release}`]),
    ...(endReason === undefined ? [] : [sql`r.end_reason = ${endReason}`]),
    ...(errorCode === undefined ? [] : [sql`r.error_code = ${errorCode}`]),
    ...(archetype === undefined ? [] : [ofPersonas(sql`p.archetype = ${archetype}`)]),
    ...(search === undefined
      ? []
      : [
        sql`(r.id = ${search} OR ${
          ofPersonas(sql`position(lower(${search}) IN lower(p.name)) > 0`)
        })`
      ]),
    ...moduleConditions(filter),
    ...dayConditions(filter)
  ]
}

const ofPersonas = (condition: RawBuilder<unknown>) =>
  sql`r.persona_id IN (SELECT p.id FROM personas p WHERE ${condition})`

function moduleConditions ({ module, ratingAtMost }: RunFilter): RawBuilder<unknown>[] {
  const ofModule = module === undefined ? sql`true` : sql`f.module = ${module}`
  return [
    ...(module === undefined
      ? []
      : [
        sql`EXISTS (SELECT FROM module_visits v WHERE v.run_id = r.id AND v.module = ${module})`
      ]),
    ...(ratingAtMost === undefined
      ? []
      : [
        sql`EXISTS (SELECT FROM persona_feedback f WHERE f.tick_id = r.id AND f.grounded
        AND f.rating <= ${ratingAtMost} AND ${ofModule})`
      ])
  ]
}

function dayConditions ({ from, to }: RunFilter): RawBuilder<unknown>[] {
  const begin = (day: string) => sql`(${day}::date::timestamp AT TIME ZONE 'UTC')`
  return [
    ...(from === undefined ? [] : [sql`r.queued_at >= ${begin(from)}`]),
    ...(to === undefined ? [] : [sql`r.queued_at < ${begin(to)} + interval '24 hours'`])
  ]
}
