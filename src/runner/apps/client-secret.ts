import type { Vault } from '../accounts/vault.ts'
import { EncryptionOffError } from '../../platform/errors.ts'
import { seal, unseal, type Sealed } from '../../platform/seal.ts'
import { lockAppsNotUnder, replaceSealedSecret, type StoredApp } from './repository.ts'

/** The secret of an app's OAuth client, sealed and opened. */

const placeOf = (app: string) => `apps/sealed/${app}`

/** @throws EncryptionOffError */
export function sealClientSecret ({ keys: [key] }: Vault, app: string, secret: string): Sealed {
  if (key === undefined) throw new EncryptionOffError()
  return seal(key, placeOf(app), secret)
}

/** Undefined: there is none. @throws SecretKeyUnknownError, SecretUnreadableError */
export function openClientSecret (
  { keys }: Vault,
  { name, clientSecret }: Pick<StoredApp, 'name' | 'clientSecret'>
): string | undefined {
  return clientSecret === null ? undefined : unseal(keys, placeOf(name), clientSecret)
}

const BATCH = 50

/**
 * Seals one batch of what is not under the first key anew, as `rotateBatch` of
 * runner/accounts/vault.ts does.
 * @returns how many; 0: all are under the first key
 * @throws EncryptionOffError, SecretKeyUnknownError, SecretUnreadableError
 */
export async function rotateClientSecrets ({ db, keys }: Vault, limit = BATCH): Promise<number> {
  const [first] = keys
  if (first === undefined) throw new EncryptionOffError()
  return db.transaction().execute(async trx => {
    const rows = await lockAppsNotUnder(trx, first.kid, limit)
    for (const { name, ...sealed } of rows) {
      const place = placeOf(name)
      await replaceSealedSecret(trx, name, seal(first, place, unseal(keys, place, sealed)))
    }
    return rows.length
  })
}
