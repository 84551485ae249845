import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { SecretKeyUnknownError, SecretUnreadableError } from './errors.ts'
import { readKeyList } from './keys.ts'

/**
 * Secrets as they are stored: AES-256-GCM under one of the keys of `ENCRYPTION_KEYS`. What is
 * sealed opens only in the place it was sealed for, so nobody who can write to the database hands
 * one row's secret to another.
 */

export interface EncryptionKey {
  kid: string
  secret: Buffer
}

export interface Sealed {
  keyId: string
  sealed: string
}

const ENTRY = '[A-Za-z0-9._-]{1,32}:[A-Za-z0-9+/_-]{43}=?'
/** Up to four `kid:base64 of 32 bytes`, separated by commas. */
export const ENCRYPTION_KEY_LIST = `^\\s*${ENTRY}(\\s*,\\s*${ENTRY}){0,3}\\s*$`

/** The size that GCM is made for (NIST SP 800-38D, 8.2.2: random nonces, up to 2^32 per key). */
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** @param list as ENCRYPTION_KEY_LIST. Undefined: there are none */
export function readEncryptionKeys (list: string | undefined): EncryptionKey[] {
  return readKeyList(list ?? '').map(({ kid, secret }) => ({
    kid,
    secret: Buffer.from(secret, 'base64')
  }))
}

/** What makes the keys useless in any environment, never with a key in it. */
export function encryptionKeyProblems (list: string | undefined): string[] {
  const keys = readEncryptionKeys(list)
  const isTwice = <T>(values: T[]) => values.find((value, i) => values.indexOf(value) !== i)
  const kid = isTwice(keys.map(key => key.kid))
  const problems = kid === undefined
    ? []
    : [`ENCRYPTION_KEYS must name each key differently ("${kid}" is there twice)`]
  if (isTwice(keys.map(({ secret }) => secret.toString('hex'))) !== undefined) {
    problems.push('ENCRYPTION_KEYS must not hold the same key twice')
  }
  return problems
}

/** @param place where it is stored: table, column and row */
export function seal (key: EncryptionKey, place: string, text: string): Sealed {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key.secret, nonce, { authTagLength: TAG_BYTES })
    .setAAD(boundTo(key.kid, place))
  const sealed = Buffer.concat([
    nonce,
    cipher.update(text, 'utf8'),
    cipher.final(),
    cipher.getAuthTag()
  ])
  return { keyId: key.kid, sealed: sealed.toString('base64') }
}

/** @throws SecretKeyUnknownError, SecretUnreadableError */
export function unseal (keys: EncryptionKey[], place: string, { keyId, sealed }: Sealed): string {
  const key = keys.find(key => key.kid === keyId)
  if (key === undefined) throw new SecretKeyUnknownError(place, keyId)
  const bytes = Buffer.from(sealed, 'base64')
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.secret, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES
    })
      .setAAD(boundTo(keyId, place)).setAuthTag(bytes.subarray(-TAG_BYTES))
    return Buffer.concat([
      decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)),
      decipher.final()
    ]).toString()
  } catch (error) {
    throw new SecretUnreadableError(place, keyId, { cause: error })
  }
}

function boundTo (kid: string, place: string): Buffer {
  return Buffer.from(`${kid}\n${place}`)
}
