import { sql, type Kysely } from 'kysely'

/**
 * Beside headers and refresh tokens: a password that an operator gave, in place of the derived one.
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE account_secrets DROP CONSTRAINT IF EXISTS account_secrets_kind_check`
    .execute(db)
  await sql`ALTER TABLE account_secrets ADD CONSTRAINT account_secrets_kind_check
    CHECK (kind IN ('headers', 'refresh-token', 'password'))`.execute(db)
}
