import { sql, type RawBuilder } from 'kysely'
import { Type, type Static } from 'typebox'
import { AppName, FIRST_APP } from '../../personas/app-name.ts'
import type { Queryable } from '../../platform/db/database.ts'
import { readInstant } from '../../platform/db/instant.ts'
import { BadRequestError } from '../../platform/errors.ts'

/** Which days, personas and versions a question is about; the same for every insight. */

const DEFAULT_DAYS = 30
const DAY_MS = 24 * 60 * 60 * 1000
/** Before it neither calendar has a year that the other knows. */
const FIRST_MS = Date.parse('0001-01-01T00:00:00Z')
const name = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 200, description }))

const RangeFields = {
  from: Type.Optional(
    Type.String({ format: 'date-time', description: `default: ${DEFAULT_DAYS} days before \`to\`` })
  ),
  to: Type.Optional(Type.String({ format: 'date-time', description: 'exclusive; default: now' }))
}

export const FilterFields = {
  ...RangeFields,
  app: Type.Optional(
    Type.Unsafe<string>({
      ...AppName,
      description: 'personas of this app; default, where there are several: main'
    })
  ),
  archetype: name('personas of this kind'),
  appVersion: name('runs that began under this release'),
  model: name('runs of this model'),
  promptVersion: name('runs under this version of the prompts'),
  personaVersion: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647 })),
  // The length keeps out the long spelling (urn:uuid:…), which Postgres does not know.
  personaId: Type.Optional(Type.String({ format: 'uuid', maxLength: 36 })),
  module: name('this module only')
}
export const Filter = Type.Object(FilterFields)
export type Filter = Static<typeof Filter>

export interface Range {
  from: string
  to: string
}
export interface Scope {
  range: Range
  filter: Filter
}

/**
 * Fixes the range, so that all statements of one answer mean the same days. @throws BadRequestError
 */
export async function readScope (db: Queryable, filter: Filter): Promise<Scope> {
  const to = filter.to === undefined ? await databaseNow(db) : readInstant(filter.to, 'to')
  const from = filter.from === undefined
    ? new Date(Math.max(FIRST_MS, Date.parse(to) - DEFAULT_DAYS * DAY_MS)).toISOString()
    : readInstant(filter.from, 'from')
  if (from >= to) throw new BadRequestError(`from (${from}) must be before to (${to})`)
  return { range: { from, to }, filter: await withApp(db, filter) }
}

/**
 * Two apps may name different things alike, so no answer mixes them. Where there is one, nothing
 * needs to be told apart.
 */
async function withApp (db: Queryable, filter: Filter): Promise<Filter> {
  const { rows: [row] } = await sql<{ several: boolean }>`SELECT count(*) > 1 AS several FROM apps`
    .execute(db)
  const { app = FIRST_APP, ...rest } = filter
  return row?.several === true ? { ...rest, app } : rest
}

/**
 * By the database's clock, which wrote the rows; up to the next millisecond, so that what was just
 * written is in.
 */
export async function databaseNow (db: Queryable): Promise<string> {
  const { rows } = await sql<{ now: Date }>`
    SELECT date_trunc('milliseconds', now()) + interval '1 millisecond' AS now`.execute(db)
  return (rows[0]?.now ?? new Date()).toISOString()
}

export interface ScopeOptions {
  /** The alias of the table with the model and the versions, where it is another one. */
  versions?: string
  /** For rows that are not about any module, such as answers that could not be read. */
  anyModule?: boolean
}

/** Whether a row is in the scope. @param row the alias of its table */
export function inScope (
  { range, filter }: Scope,
  row: string,
  { versions = row, anyModule = false }: ScopeOptions = {}
): RawBuilder<boolean> {
  const at = sql.ref(`${row}.created_at`)
  const conditions = [
    sql`${at} >= ${range.from}::timestamptz`,
    sql`${at} < ${range.to}::timestamptz`
  ]
  const equals: [column: string, value: string | number | undefined][] = [
    [`${versions}.app_version`, filter.appVersion],
    [`${versions}.model`, filter.model],
    [`${versions}.prompt_version`, filter.promptVersion],
    [`${versions}.persona_version`, filter.personaVersion],
    [`${row}.persona_id`, filter.personaId],
    [`${row}.module`, anyModule ? undefined : filter.module]
  ]
  for (const [column, value] of equals) {
    if (value !== undefined) conditions.push(sql`${sql.ref(column)} = ${value}`)
  }
  if (filter.app !== undefined) {
    conditions.push(
      sql`${sql.ref(`${row}.persona_id`)} IN (SELECT id FROM personas WHERE app = ${filter.app})`
    )
  }
  if (filter.archetype !== undefined) {
    conditions.push(
      sql`${
        sql.ref(`${row}.persona_id`)
      } IN (SELECT id FROM personas WHERE archetype = ${filter.archetype})`
    )
  }
  return sql<boolean>`(${sql.join(conditions, sql` AND `)})`
}

/** What may be counted together: one model under one version of the prompts; with `mix` all. */
export function groupColumns (
  mix: boolean,
  alias: string
): Record<'model' | 'prompts', RawBuilder<string | null>> {
  if (mix) return { model: sql`NULL::text`, prompts: sql`NULL::text` }
  return {
    model: sql`${sql.ref(`${alias}.model`)}`,
    prompts: sql`${sql.ref(`${alias}.prompt_version`)}`
  }
}
