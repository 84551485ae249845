import { sql, type RawBuilder } from 'kysely'
import type { Queryable } from '../../platform/db/database.ts'
import type { AccountSecretsTable } from '../../platform/db/tables.ts'
import { PersonaNotFoundError } from '../../platform/errors.ts'
import type { Sealed } from '../../platform/seal.ts'
import type { AccountStatus } from './schemas.ts'

/**
 * All SQL on account_secrets. What is sealed passes through here as it is. The database's clock
 * decides what has expired, so that replicas agree.
 */

export interface StoredSecret extends Sealed {
  personaId: string
  kind: AccountSecretsTable['kind']
  /**
   * Until the access token had better be renewed, in milliseconds; negative: overdue; null: nobody
   * can tell.
   */
  renewInMs: number | null
  /** The process that exchanged the refresh token did not report in time. */
  isOverdue: boolean
  unusable: AccountSecretsTable['unusable']
}

/** Longer than a request to a token endpoint may take, with the time to store what it brought. */
const EXCHANGE = '30 seconds'

const inMs = (column: RawBuilder<unknown>) =>
  sql<number | null>`(extract(epoch FROM ${column} - now()) * 1000)::float8`

export async function findSecretByEmail (
  db: Queryable,
  email: string
): Promise<StoredSecret | undefined> {
  return selectSecret(db).innerJoin('personas', 'personas.id', 'account_secrets.persona_id')
    .where('personas.email', '=', email.toLowerCase()).executeTakeFirst()
}

export async function findSecret (
  db: Queryable,
  personaId: string
): Promise<StoredSecret | undefined> {
  return selectSecret(db).where('persona_id', '=', personaId).executeTakeFirst()
}

/**
 * The first persona of an app, by email and without those that are paused, for which an account is
 * stored, or none is.
 */
export async function firstByAccount (
  db: Queryable,
  app: string,
  { stored }: { stored: boolean }
): Promise<string | undefined> {
  const row = await db.selectFrom('personas').leftJoin(
    'account_secrets',
    'account_secrets.persona_id',
    'personas.id'
  )
    .select('personas.id').where('personas.app', '=', app).where('personas.paused', '=', false)
    .where('account_secrets.persona_id', stored ? 'is not' : 'is', null).orderBy('personas.email')
    .limit(1).executeTakeFirst()
  return row?.id
}

function selectSecret (db: Queryable) {
  return db.selectFrom('account_secrets').select([
    'persona_id as personaId',
    'kind',
    'key_id as keyId',
    'sealed',
    'unusable',
    inMs(sql`renew_at`).as('renewInMs'),
    sql<boolean>`coalesce(exchange_until < now(), false)`.as('isOverdue')
  ])
}

/** What an operator may see of it. Undefined: there is none */
export async function findStatus (
  db: Queryable,
  personaId: string
): Promise<AccountStatus | undefined> {
  const row = await db.selectFrom('account_secrets').select([
    'kind',
    'set_at',
    'renewed_at',
    'unusable'
  ])
    .where('persona_id', '=', personaId).executeTakeFirst()
  if (row === undefined) return undefined
  return {
    kind: row.kind,
    setAt: row.set_at.toISOString(),
    renewedAt: row.renewed_at?.toISOString() ?? null,
    unusable: row.unusable
  }
}

const FOREIGN_KEY_VIOLATION = '23503'

/**
 * In place of whatever was stored before; what an exchange under way brings then is thrown away.
 * @throws PersonaNotFoundError where the persona was deleted meanwhile
 */
export async function putSecret (
  db: Queryable,
  personaId: string,
  kind: AccountSecretsTable['kind'],
  { keyId, sealed }: Sealed
): Promise<void> {
  const fresh = {
    renewed_at: null,
    renew_at: null,
    exchange_id: null,
    exchange_until: null,
    unusable: null
  }
  const columns = { kind, key_id: keyId, sealed, set_at: sql<Date>`now()`, ...fresh }
  await db.insertInto('account_secrets').values({ persona_id: personaId, ...columns })
    .onConflict(conflict => conflict.column('persona_id').doUpdateSet(columns)).execute()
    .catch((error: { code?: unknown }) => {
      throw error.code === FOREIGN_KEY_VIOLATION ? new PersonaNotFoundError(personaId) : error
    })
}

/** @returns whether there was one */
export async function deleteSecret (db: Queryable, personaId: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('account_secrets').where(
    'persona_id',
    '=',
    personaId
  ).executeTakeFirstOrThrow()
  return numDeletedRows > 0n
}

/**
 * Claims the refresh token for one presentation: of all processes that try at once, one gets it,
 * and only as long as the row still is what that one has read.
 */
export async function beginExchange (
  db: Queryable,
  { personaId, sealed }: StoredSecret,
  exchangeId: string
): Promise<boolean> {
  const { numUpdatedRows } = await db.updateTable('account_secrets')
    .set({
      exchange_id: exchangeId,
      exchange_until: sql<Date>`now() + ${sql.lit(EXCHANGE)}::interval`
    })
    .where('persona_id', '=', personaId).where('sealed', '=', sealed).where(
      'exchange_id',
      'is',
      null
    ).where('unusable', 'is', null)
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** @returns false: the account was stored anew or taken away meanwhile */
export async function finishExchange (
  db: Queryable,
  personaId: string,
  exchangeId: string,
  { keyId, sealed, renewInMs }: Sealed & { renewInMs: number | null }
): Promise<boolean> {
  const renewAt = renewInMs === null
    ? null
    : sql<Date>`now() + ${renewInMs}::float8 * interval '1 millisecond'`
  const { numUpdatedRows } = await db.updateTable('account_secrets')
    .set({
      key_id: keyId,
      sealed,
      renewed_at: sql`now()`,
      renew_at: renewAt,
      exchange_id: null,
      exchange_until: null,
      unusable: null
    })
    .where('persona_id', '=', personaId).where('exchange_id', '=', exchangeId)
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/**
 * @param unusable null: the token endpoint has not used the refresh token up, and it may be
 *   presented again
 */
export async function failExchange (
  db: Queryable,
  personaId: string,
  exchangeId: string,
  unusable: StoredSecret['unusable']
): Promise<void> {
  await db.updateTable('account_secrets').set({ exchange_id: null, exchange_until: null, unusable })
    .where('persona_id', '=', personaId).where('exchange_id', '=', exchangeId).execute()
}

/**
 * Gives up waiting for a process that took the refresh token away and died, or was stopped. Its
 * claim stays: should it come back after all, what it brings is stored.
 */
export async function doubtOverdueExchange (db: Queryable, personaId: string): Promise<void> {
  await db.updateTable('account_secrets').set({ unusable: 'in-doubt' })
    .where('persona_id', '=', personaId).where('exchange_until', '<', sql<Date>`now()`).execute()
}

/**
 * Rows that are sealed under another key, locked until the end of the transaction so that no
 * exchange changes them.
 */
export async function lockSecretsNotUnder (
  trx: Queryable,
  keyId: string,
  limit: number
): Promise<(Sealed & { personaId: string })[]> {
  return trx.selectFrom('account_secrets').select([
    'persona_id as personaId',
    'key_id as keyId',
    'sealed'
  ])
    .where('key_id', '!=', keyId).orderBy('persona_id').limit(limit).forUpdate().execute()
}

/** The same secret under another key. */
export async function replaceSealed (
  trx: Queryable,
  personaId: string,
  { keyId, sealed }: Sealed
): Promise<void> {
  await trx.updateTable('account_secrets').set({ key_id: keyId, sealed }).where(
    'persona_id',
    '=',
    personaId
  ).execute()
}
