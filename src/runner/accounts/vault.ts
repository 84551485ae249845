import type { Queryable } from '../../platform/db/database.ts'
import { AccountKindError, EncryptionOffError } from '../../platform/errors.ts'
import { seal, unseal, type EncryptionKey, type Sealed } from '../../platform/seal.ts'
import { lockSecretsNotUnder, putSecret, replaceSealed, type StoredSecret } from './repository.ts'
import type { AccountInput } from './schemas.ts'

/** What is in account_secrets, sealed and opened. */

export interface Vault {
  db: Queryable
  /** The first seals, all of them open. */
  keys: EncryptionKey[]
}

interface StoredHeaders {
  headers: Record<string, string>
}
export interface StoredTokens {
  refreshToken: string
  accessToken?: string
}
interface StoredPassword {
  password: string
}

const placeOf = (personaId: string) => `account_secrets/sealed/${personaId}`

/** @throws EncryptionOffError */
export function sealFor (
  { keys: [key] }: Vault,
  personaId: string,
  content: StoredHeaders | StoredTokens | StoredPassword
): Sealed {
  if (key === undefined) throw new EncryptionOffError()
  return seal(key, placeOf(personaId), JSON.stringify(content))
}

/** @throws SecretKeyUnknownError, SecretUnreadableError */
export function openHeaders ({ keys }: Vault, stored: StoredSecret): StoredHeaders {
  return JSON.parse(unseal(keys, placeOf(stored.personaId), stored)) as StoredHeaders
}

/** @throws SecretKeyUnknownError, SecretUnreadableError */
export function openTokens ({ keys }: Vault, stored: StoredSecret): StoredTokens {
  return JSON.parse(unseal(keys, placeOf(stored.personaId), stored)) as StoredTokens
}

/** @throws SecretKeyUnknownError, SecretUnreadableError */
export function openPassword (
  { keys }: Vault,
  stored: Sealed & { personaId: string }
): StoredPassword {
  return JSON.parse(unseal(keys, placeOf(stored.personaId), stored)) as StoredPassword
}

/**
 * Whether a password could be stored, before anything else is.
 * @param field that it came in, for messages @param configured ACCOUNTS as it has effect
 * @throws AccountKindError, EncryptionOffError
 */
export function checkPassword ({ keys }: Vault, field: string, configured: string): void {
  if (configured !== 'password') throw new AccountKindError(configured, takes(configured), field)
  if (keys.length === 0) throw new EncryptionOffError(field)
}

/**
 * Stores what an operator gave for a persona.
 * @param configured ACCOUNTS as it has effect
 * @throws AccountKindError, EncryptionOffError
 */
export async function storeAccount (
  vault: Vault,
  personaId: string,
  input: AccountInput,
  configured: string
): Promise<void> {
  const kind = 'refreshToken' in input
    ? 'refresh-token'
    : 'password' in input
    ? 'password'
    : 'headers'
  if (kind !== configured) throw new AccountKindError(configured, takes(configured))
  await putSecret(vault.db, personaId, kind, sealFor(vault, personaId, toContent(input)))
}

const TAKES: Record<string, string> = {
  headers: 'takes "headers" or "bearer"',
  'refresh-token': 'takes "refreshToken"',
  password: 'takes "password"'
}
const takes = (configured: string) => TAKES[configured] ?? 'stores nothing per persona'

function toContent (input: AccountInput): StoredHeaders | StoredTokens | StoredPassword {
  if ('password' in input) return { password: input.password }
  if ('refreshToken' in input) return { refreshToken: input.refreshToken }
  if ('bearer' in input) return { headers: { authorization: `Bearer ${input.bearer}` } }
  return {
    headers: Object.fromEntries(
      Object.entries(input.headers).map(([name, value]) => [name.toLowerCase(), value])
    )
  }
}

/** So many rows are locked at once. */
const BATCH = 50

/**
 * Seals one batch of what is not under the first key anew, in one transaction: killed at any time,
 * the next one goes on.
 * @returns how many rows; 0: all are under the first key
 * @throws EncryptionOffError, SecretKeyUnknownError, SecretUnreadableError
 */
export async function rotateBatch ({ db, keys }: Vault, limit = BATCH): Promise<number> {
  const [first] = keys
  if (first === undefined) throw new EncryptionOffError()
  return db.transaction().execute(async trx => {
    const rows = await lockSecretsNotUnder(trx, first.kid, limit)
    for (const { personaId, ...sealed } of rows) {
      const place = placeOf(personaId)
      await replaceSealed(trx, personaId, seal(first, place, unseal(keys, place, sealed)))
    }
    return rows.length
  })
}
