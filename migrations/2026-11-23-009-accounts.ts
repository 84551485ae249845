import { sql, type Kysely } from 'kysely'

/**
 * What a persona shows to the app, where an operator gave it: sealed under ENCRYPTION_KEYS
 * (src/platform/seal.ts).
 */
export async function up (db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE account_secrets (
      persona_id     uuid PRIMARY KEY REFERENCES personas (id) ON DELETE CASCADE,
      kind           text NOT NULL CHECK (kind IN ('headers', 'refresh-token')),
      key_id         text NOT NULL,
      sealed         text NOT NULL,
      set_at         timestamptz NOT NULL DEFAULT now(),
      -- null: never; headers never are
      renewed_at     timestamptz,
      -- from then on the access token had better be renewed; null: there is none, or nobody can tell
      renew_at       timestamptz,
      -- a refresh token is on its way to the token endpoint; null: it is here
      exchange_id    uuid,
      -- whoever took it there is not heard of any more after this; null with exchange_id
      exchange_until timestamptz,
      -- why the refresh token is not presented any more; null: it is good as far as we know
      unusable       text CHECK (unusable IN ('refused', 'in-doubt')),
      CHECK ((exchange_id IS NULL) = (exchange_until IS NULL))
    )`.execute(db)
  // Sealed under another key than the first: those that secrets:rotate looks for.
  await sql`CREATE INDEX account_secrets_by_key ON account_secrets (key_id, persona_id)`.execute(db)
}
