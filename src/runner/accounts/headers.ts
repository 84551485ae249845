import type { Account, Accounts } from './account.ts'
import { findSecret, findSecretByEmail, type StoredSecret } from './repository.ts'
import { openHeaders, type Vault } from './vault.ts'
import { LoginFailedError } from '../../platform/errors.ts'

/** Fixed headers or a bearer token per persona, as an operator stored them. */
export function headerAccounts (vault: Vault): Accounts {
  const { db } = vault
  const toAccount = (stored: StoredSecret): Account => {
    const { headers } = openHeaders(vault, stored)
    return {
      headers,
      userId: null,
      spaceId: null,
      secrets: Object.values(headers).map(value => value.replace(/^bearer +/i, '')),
      // Nothing can be renewed, but an operator may have stored something new in the meantime.
      async renew () {
        const now = await findSecret(db, stored.personaId)
        if (now === undefined || now.kind !== 'headers' || now.sealed === stored.sealed) {
          throw nothingGood()
        }
        return toAccount(now)
      }
    }
  }
  return {
    async signIn ({ email }) {
      const stored = await findSecretByEmail(db, email)
      if (stored?.kind !== 'headers') {
        throw new LoginFailedError(
          `No headers are stored for ${email}: PUT /api/v1/admin/personas/:id/account with "headers" or "bearer".`
        )
      }
      return toAccount(stored)
    }
  }
}

const nothingGood = () =>
  new LoginFailedError(
    'The app refuses the stored headers of this persona: store others with PUT /api/v1/admin/personas/:id/account.'
  )
