import { sql, type Insertable, type RawBuilder } from 'kysely'
import type { Queryable } from '../platform/db/database.ts'
import { PREPARED } from '../platform/db/prepared.ts'
import type { PersonaRow, PersonasTable } from '../platform/db/tables.ts'
import type { Persona, PersonaFilter, PersonaInput, PersonaPatch } from './schemas.ts'
import { STRIKES_TO_PAUSE } from './moves.ts'
import { patiencePoints } from './patience-levels.ts'
import {
  BadRequestError,
  EmailTakenError,
  PersonaNotFoundError,
  PersonaOfAppError
} from '../platform/errors.ts'

/**
 * All SQL on personas. The database's clock decides what is due, so that replicas with skewed
 * clocks agree.
 */

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const COLUMNS = [
  'id',
  'email',
  'name',
  'archetype',
  'system_prompt',
  'module_mix',
  'cadence',
  'time_zone',
  'locale',
  'patience',
  'app',
  'password_version',
  'paused',
  'pause_reason',
  'last_active_at',
  'consecutive_failures',
  'not_before',
  'version',
  'created_at',
  'updated_at'
] as const satisfies (keyof PersonaRow)[]

type ShownRow = Pick<PersonaRow, typeof COLUMNS[number]>

function toPersona (row: ShownRow): Persona {
  return {
    id: row.id,
    userId: row.id,
    email: row.email,
    name: row.name,
    archetype: row.archetype,
    systemPrompt: row.system_prompt,
    moduleMix: row.module_mix,
    tickCadence: row.cadence,
    timeZone: row.time_zone,
    locale: row.locale,
    patience: row.patience,
    app: row.app,
    passwordVersion: row.password_version,
    paused: row.paused,
    pauseReason: row.pause_reason,
    lastActiveAt: row.last_active_at?.toISOString() ?? null,
    consecutiveFailures: row.consecutive_failures,
    notBefore: row.not_before?.toISOString() ?? null,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString()
  }
}

interface WhichDue {
  limit: number
  /** Of this app alone; undefined: of any. */
  onlyApp?: string
  /** Of none of these apps. */
  notApps?: string[]
}

/** What a cadence waits for between two days, and whether it rests at weekends. */
const RHYTHMS: { cadence: Persona['tickCadence'], age: string, weekdaysOnly?: boolean }[] = [
  { cadence: 'hourly', age: '1 hour' },
  { cadence: 'daily', age: '24 hours' },
  { cadence: 'weekdays', age: '24 hours', weekdaysOnly: true }
]

/**
 * One arm per cadence for those who never ran and one for those whose last day is long enough ago,
 * each walking its own stretch of the index `personas_due_in_order` and stopping at its end or at
 * the limit. In one arm with an OR there is no such end: with fewer due than the limit it walks
 * through everybody who is not. `NULLS FIRST` must stand in every arm: without it Postgres sorts
 * instead of walking (101 ms against 4 ms at a million personas). `OFFSET 0` keeps the planner from
 * joining all personas with all open runs, of which it knows no more than that there were none when
 * it last looked: each persona's open run is looked up by its index instead.
 */
function dueArm (
  { cadence, weekdaysOnly }: typeof RHYTHMS[number],
  since: RawBuilder<unknown>,
  { onlyApp, notApps }: WhichDue,
  limit: RawBuilder<unknown>,
  lock: boolean
) {
  return sql`(
    SELECT p.* FROM personas p
    WHERE p.cadence = ${sql.lit(cadence)} AND NOT p.paused
      AND p.last_active_at ${since}
      AND (p.not_before IS NULL OR p.not_before <= now())
      ${onlyApp === undefined ? sql`` : sql`AND p.app = ${onlyApp}`}
      ${notApps === undefined ? sql`` : sql`AND p.app <> ALL (${notApps}::text[])`}
      ${weekdaysOnly ? sql`AND extract(isodow FROM now() AT TIME ZONE p.time_zone) <= 5` : sql``}
      AND NOT EXISTS (SELECT FROM runs r WHERE r.persona_id = p.id AND r.finished_at IS NULL OFFSET 0)
    ORDER BY p.last_active_at NULLS FIRST, p.id
    LIMIT ${limit} ${lock ? sql`FOR UPDATE OF p SKIP LOCKED` : sql``}
  )`
}

/**
 * The arms are in WITH, because those of a UNION may not lock. Columns are named: a prepared `*`
 * fails once a newer process has added one, and goes on failing until its connection ends.
 * @param limit of each arm @param more columns
 */
function selectDue (
  which: WhichDue,
  limit: RawBuilder<unknown>,
  { lock = false, more = sql`` } = {}
): RawBuilder<unknown> {
  const arms = RHYTHMS.flatMap(rhythm =>
    [sql`IS NULL`, sql`< now() - ${sql.lit(rhythm.age)}::interval`]
      .map(since => dueArm(rhythm, since, which, limit, lock))
  )
  const names = arms.map((_, i) => sql.id(`arm_${i}`))
  return sql`
    WITH ${sql.join(arms.map((arm, i) => sql`${sql.id(`arm_${i}`)} AS ${arm}`))}
    SELECT ${sql.join(COLUMNS.map(column => sql.id(column)))} ${more} FROM (${
    sql.join(names.map(name => sql`TABLE ${name}`), sql` UNION ALL `)
  }) due
    ORDER BY last_active_at NULLS FIRST, id LIMIT ${which.limit}`
}

const SERVER_MS = sql`, floor(extract(epoch FROM now()) * 1000)::float8 AS server_ms`

/**
 * Who is due now: never-run first, then the stalest.
 * @returns with the clock that decides it, as ISO 8601
 */
export async function listDue (
  db: Queryable,
  { limit }: { limit: number }
): Promise<{ personas: Persona[], serverTime: string }> {
  // Prepared, because six arms take longer to plan than to walk. A plan for any limit would not
  // stop at a hundred rows.
  const atMost = sql.lit(10 ** Math.ceil(Math.log10(limit)))
  const { rows } = await sql<ShownRow & { server_ms: number }>`${PREPARED} ${
    selectDue({ limit }, atMost, { more: SERVER_MS })
  }`.execute(db)
  const [first] = rows
  return {
    personas: rows.map(toPersona),
    serverTime: first === undefined
      ? await serverTime(db)
      : new Date(first.server_ms).toISOString()
  }
}

/** The clock that decides what is due, as ISO 8601. */
export async function serverTime (db: Queryable): Promise<string> {
  const { rows: [row] } = await sql<{ now: Date }>`SELECT now()`.execute(db)
  return (row?.now ?? new Date()).toISOString()
}

/**
 * Like `listDue`, and holds the rows until the transaction ends. Replicas that tick at the same
 * moment skip one another's rows instead of waiting for them.
 */
export async function takeDue (trx: Queryable, which: WhichDue): Promise<Persona[]> {
  const { rows } = await sql<ShownRow>`${selectDue(which, sql`${which.limit}`, { lock: true })}`
    .execute(trx)
  return rows.map(toPersona)
}

/** @throws PersonaNotFoundError */
export async function getPersona (db: Queryable, id: string): Promise<Persona> {
  if (!UUID.test(id)) throw new PersonaNotFoundError(id)
  const row = await db.selectFrom('personas').selectAll().where('id', '=', id).executeTakeFirst()
  if (row === undefined) throw new PersonaNotFoundError(id)
  return toPersona(row)
}

/**
 * A persona, and what the marks in its prompts are derived from, which leaves this process for
 * nobody.
 */
export interface MarkedPersona {
  persona: Persona
  markKey: string
}

/** @throws PersonaNotFoundError */
export async function getMarkedPersona (db: Queryable, id: string): Promise<MarkedPersona> {
  const row = await db.selectFrom('personas').selectAll().where('id', '=', id).executeTakeFirst()
  if (row === undefined) throw new PersonaNotFoundError(id)
  return { persona: toPersona(row), markKey: row.mark_key }
}

/** @throws PersonaNotFoundError */
export async function getPersonaByEmail (db: Queryable, email: string): Promise<Persona> {
  const row = await db.selectFrom('personas').selectAll().where('email', '=', email.toLowerCase())
    .executeTakeFirst()
  if (row === undefined) throw new PersonaNotFoundError(email)
  return toPersona(row)
}

/** The app of the persona with this email. Undefined: there is none */
export async function findAppOf (db: Queryable, email: string): Promise<string | undefined> {
  const row = await db.selectFrom('personas').select('app').where('email', '=', email.toLowerCase())
    .executeTakeFirst()
  return row?.app
}

/** A page in order of email. `nextCursor` is null on the last one. */
export async function listPersonas (
  db: Queryable,
  filter: PersonaFilter
): Promise<{ personas: Persona[], total: number, nextCursor: string | null }> {
  const limit = filter.limit ?? 50
  let matching = db.selectFrom('personas')
  if (filter.archetype !== undefined) matching = matching.where('archetype', '=', filter.archetype)
  if (filter.tickCadence !== undefined) {
    matching = matching.where('cadence', '=', filter.tickCadence)
  }
  if (filter.app !== undefined) matching = matching.where('app', '=', filter.app)
  if (filter.paused !== undefined) matching = matching.where('paused', '=', filter.paused)
  const { total } = await matching.select(eb => eb.fn.countAll<string>().as('total'))
    .executeTakeFirstOrThrow()
  const from = filter.cursor === undefined ? matching : matching.where('email', '>', filter.cursor)
  const rows = await from.selectAll().orderBy('email').limit(limit + 1).execute()
  const page = rows.slice(0, limit)
  return {
    personas: page.map(toPersona),
    total: Number(total),
    nextCursor: rows.length > limit ? page.at(-1)?.email ?? null : null
  }
}

/** How many live in each app; those without any are not in the map. */
export async function countByApp (db: Queryable): Promise<Map<string, number>> {
  const rows = await db.selectFrom('personas').select(
    eb => ['app', eb.fn.countAll<string>().as('n')]
  ).groupBy('app').execute()
  return new Map(rows.map(row => [row.app, Number(row.n)]))
}

/** How many of each cadence live in each app, without those that are paused. */
export async function countByCadence (
  db: Queryable
): Promise<{ app: string, cadence: Persona['tickCadence'], personas: number }[]> {
  const rows = await db.selectFrom('personas').select(
    eb => ['app', 'cadence', eb.fn.countAll<string>().as('n')]
  )
    .where('paused', '=', false).groupBy(['app', 'cadence']).orderBy('app').orderBy('cadence')
    .execute()
  return rows.map(({ app, cadence, n }) => ({ app, cadence, personas: Number(n) }))
}

export async function listEmails (db: Queryable): Promise<string[]> {
  const rows = await db.selectFrom('personas').select('email').orderBy('email').execute()
  return rows.map(row => row.email)
}

function toColumns (input: Partial<PersonaInput> & Pick<PersonaPatch, 'passwordVersion'>) {
  return {
    ...(input.email !== undefined && { email: input.email.toLowerCase() }),
    ...(input.name !== undefined && { name: input.name }),
    ...(input.archetype !== undefined && { archetype: input.archetype }),
    ...(input.systemPrompt !== undefined && { system_prompt: input.systemPrompt }),
    ...(input.moduleMix !== undefined && { module_mix: JSON.stringify(input.moduleMix) }),
    ...(input.tickCadence !== undefined && { cadence: input.tickCadence }),
    ...(input.timeZone !== undefined && { time_zone: input.timeZone }),
    ...(input.locale !== undefined && { locale: input.locale }),
    ...(input.passwordVersion !== undefined && { password_version: input.passwordVersion }),
    ...(input.patience !== undefined && { patience: patiencePoints(input.patience) }),
    ...(input.paused !== undefined &&
      { paused: input.paused, ...(!input.paused && { pause_reason: null, strikes: 0 }) })
  }
}

/** Of a persona that is created with no more than it needs. */
const standardFor = (email: string) => ({
  name: email.split('@')[0] ?? email,
  module_mix: '{}',
  cadence: 'daily'
})

/**
 * The version counts changes of what the model is told; a new cadence or name does not make another
 * person.
 */
const nextVersion = (changed: ReturnType<typeof toColumns>) =>
  sql<number>`personas.version + CASE WHEN
  personas.system_prompt IS DISTINCT FROM coalesce(${
    changed.system_prompt ?? null
  }::text, personas.system_prompt)
  OR personas.module_mix IS DISTINCT FROM coalesce(${
    changed.module_mix ?? null
  }::jsonb, personas.module_mix)
  OR personas.locale IS DISTINCT FROM coalesce(${changed.locale ?? null}::text, personas.locale)
  OR personas.patience IS DISTINCT FROM coalesce(${
    changed.patience ?? null
  }::int, personas.patience)
  THEN 1 ELSE 0 END`

/**
 * What the database refused, in words for who sent it. It has the last word on time zones: its
 * calendar, not this process's, decides when it is a weekday there.
 */
function explainRefusal (error: unknown, sent: Partial<PersonaInput>): unknown {
  const { code } = error as { code?: string }
  if (code === '23505') return new EmailTakenError(sent.email ?? '')
  if (code === '23503') {
    return new BadRequestError(
      `body/app "${sent.app}" is not known. List the apps with GET /api/v1/admin/apps.`
    )
  }
  if (code === '22023') {
    return new BadRequestError(
      `body/timeZone "${sent.timeZone}" is not known to the database; name one like Europe/Berlin`
    )
  }
  return error
}

/**
 * Creates a persona, or updates the one with the same email; what the input leaves out stays as it
 * was.
 * @param passwordVersion of one that is created
 * @throws BadRequestError for a time zone or an app that the database does not know;
 *   PersonaOfAppError
 */
export async function upsertPersona (
  db: Queryable,
  input: PersonaInput,
  { passwordVersion = 1 } = {}
): Promise<{ persona: Persona, created: boolean }> {
  const columns = toColumns(input)
  const onlyAtFirst = {
    password_version: passwordVersion,
    ...(input.app !== undefined && { app: input.app })
  }
  const row = await db.insertInto('personas')
    .values(
      { ...standardFor(input.email), ...columns, ...onlyAtFirst } as Insertable<PersonasTable>
    )
    .onConflict(conflict =>
      conflict.column('email').doUpdateSet({
        ...columns,
        version: nextVersion(columns),
        updated_at: sql`now()`
      })
        .where(sql<boolean>`personas.app = coalesce(${input.app ?? null}::text, personas.app)`)
    )
    .returningAll()
    .returning(sql<boolean>`personas.created_at = personas.updated_at`.as('created'))
    .executeTakeFirst()
    .catch(error => {
      throw explainRefusal(error, input)
    })
  if (row === undefined) throw new PersonaOfAppError(input.email, input.app ?? '')
  return { persona: toPersona(row), created: row.created }
}

/**
 * @throws PersonaNotFoundError, EmailTakenError, and BadRequestError for a time zone that the
 *   database does not know
 */
export async function patchPersona (
  db: Queryable,
  id: string,
  patch: PersonaPatch
): Promise<Persona> {
  const { id: known } = await getPersona(db, id)
  const columns = toColumns(patch)
  const row = await db.updateTable('personas').set({
    ...columns,
    version: nextVersion(columns),
    updated_at: sql`now()`
  })
    .where('id', '=', known).returningAll().executeTakeFirst()
    .catch(error => {
      throw explainRefusal(error, patch)
    })
  if (row === undefined) throw new PersonaNotFoundError(id)
  return toPersona(row)
}

/**
 * A new persona with the character of another; it has lived no day yet.
 * @throws PersonaNotFoundError, EmailTakenError
 */
export async function forkPersona (
  db: Queryable,
  id: string,
  as: { email: string, name?: string | undefined }
): Promise<Persona> {
  const { name, app, passwordVersion, ...like } = await getPersona(db, id)
  const { archetype, systemPrompt, moduleMix, tickCadence, timeZone, locale, patience } = like
  const columns = toColumns({
    name: as.name ?? name,
    email: as.email,
    archetype,
    systemPrompt,
    moduleMix,
    tickCadence,
    timeZone,
    locale,
    patience
  })
  const row = await db.insertInto('personas').values(
    { ...columns, app, password_version: passwordVersion } as Insertable<PersonasTable>
  ).returningAll().executeTakeFirstOrThrow()
    .catch(error => {
      throw explainRefusal(error, as)
    })
  return toPersona(row)
}

/** Deletes a persona with all its rows. @throws PersonaNotFoundError */
export async function deletePersona (db: Queryable, id: string): Promise<void> {
  const { id: known } = await getPersona(db, id)
  await db.transaction().execute(async trx => {
    await lockRuns(trx, [known])
    await trx.deleteFrom('personas').where('id', '=', known).execute()
  })
}

/**
 * Locks the runs before the persona, as every end of a run does. In the other order a delete that
 * meets the end of a run would be a deadlock.
 */
async function lockRuns (trx: Queryable, personaIds: string[]): Promise<void> {
  await trx.selectFrom('runs').select('id').where('persona_id', 'in', personaIds).orderBy('id')
    .forUpdate().execute()
}

/** @returns how many there were */
export async function deletePersonasByEmail (db: Queryable, emails: string[]): Promise<number> {
  return db.transaction().execute(async trx => {
    const found = await trx.selectFrom('personas').select('id').where('email', 'in', emails)
      .execute()
    if (found.length === 0) return 0
    const ids = found.map(({ id }) => id)
    await lockRuns(trx, ids)
    const result = await trx.deleteFrom('personas').where('id', 'in', ids).executeTakeFirst()
    return Number(result.numDeletedRows)
  })
}

/** Nothing is held against the persona any more. */
const REHABILITATED = { consecutive_failures: 0, not_before: null, strikes: 0 }

/**
 * Resuming also ends a back-off: the operator says that the cause is gone. @throws
 * PersonaNotFoundError
 */
export async function setPaused (
  db: Queryable,
  id: string,
  paused: boolean,
  reason: string | null = null
): Promise<Persona> {
  const { id: known } = await getPersona(db, id)
  const row = await db.updateTable('personas')
    .set({
      paused,
      pause_reason: paused ? reason : null,
      updated_at: sql`now()`,
      ...(!paused && REHABILITATED)
    })
    .where('id', '=', known).returningAll().executeTakeFirst()
  if (row === undefined) throw new PersonaNotFoundError(id)
  return toPersona(row)
}

/**
 * The first part of a statement that stores what the persona did: `active` holds its id, or nothing
 * where there is no such persona. Never moves back: batches may arrive out of order.
 * @throws PersonaNotFoundError for what is nobody's id
 */
export function activePersona (id: string): RawBuilder<unknown> {
  if (!UUID.test(id)) throw new PersonaNotFoundError(id)
  return sql`active AS (UPDATE personas SET last_active_at = greatest(last_active_at, now()) WHERE id = ${id}::uuid RETURNING id)`
}

/**
 * What a run's end changes (`moves.ts`), as part of a statement that begins with the held run
 * (`writeHeld` in runner/runs/repository.ts).
 */
export function movedPersona (moves: RawBuilder<unknown>[]): RawBuilder<unknown> {
  return sql`moved AS (UPDATE personas SET ${
    sql.join(moves)
  } FROM held WHERE personas.id = held.persona_id)`
}

/**
 * The same for a run that nobody holds. @returns whether a strike among these paused the persona
 */
export async function movePersona (
  db: Queryable,
  id: string,
  moves: RawBuilder<unknown>[]
): Promise<boolean> {
  const { rows: [row] } = await sql<{ strikes: number, paused: boolean }>`
    UPDATE personas SET ${sql.join(moves)} WHERE id = ${id} RETURNING strikes, paused`.execute(db)
  return row?.strikes === STRIKES_TO_PAUSE && row.paused
}
