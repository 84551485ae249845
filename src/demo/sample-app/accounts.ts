import { createHash, randomUUID } from 'node:crypto'
import { seedRows } from './seed.ts'
import { newSpace } from './store.ts'
import type { Faults, Space } from './store.ts'

export interface NewAccount {
  email: string
  password: string
  name: string
  locale: string
}

interface Account extends NewAccount {
  id: string
  space: Space
}

interface Organization {
  id: string
  name: string
  slug: string
  type: 'personal' | 'team'
}

/**
 * The people of the sample app and their sign-ins. In memory: all of it is gone with the process.
 */
export class Accounts {
  readonly #byEmail = new Map<string, Account>()
  readonly #byToken = new Map<string, Account>()
  readonly #faults: Faults

  constructor (faults: Faults) {
    this.#faults = faults
  }

  /**
   * Adding an email again changes the password and the name; the person keeps what is in the space.
   */
  add (account: NewAccount): Account {
    const email = normal(account.email)
    const known = this.#byEmail.get(email)
    const suffix = createHash('sha256').update(email).digest('hex').slice(0, 12)
    const space = known?.space ??
      newSpace(`space_${suffix}`, seedRows(email, account.locale), this.#faults)
    const added = { ...account, email, id: `user_${suffix}`, space }
    this.#byEmail.set(email, added)
    return added
  }

  find (email: string): Account | undefined {
    return this.#byEmail.get(normal(email))
  }

  /** An account that was not there before; null: the email is taken. */
  signUp (account: NewAccount): Account | null {
    return this.find(account.email) === undefined ? this.add(account) : null
  }

  /**
   * A new token, or null where email and password do not belong together. Earlier tokens stay
   * valid.
   */
  logIn (email: string, password: string): { token: string, account: Account } | null {
    const account = this.find(email)
    if (account === undefined || account.password !== password) return null
    const token = randomUUID()
    this.#byToken.set(token, account)
    return { token, account }
  }

  /** Who sent this `Authorization` header; null where it holds no token of ours. */
  holder (authorization: string | undefined): Account | null {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
    return this.#byToken.get(token ?? '') ?? null
  }
}

/** Everybody is also in one team, so that a client has to choose the personal space on purpose. */
export function organizationsOf ({ email, name, space }: Account): Organization[] {
  const slug = email.replace(/@.*/, '').replace(/[^a-z0-9]+/g, '-')
  return [
    { id: space.id, name, slug, type: 'personal' },
    { id: 'space_team', name: 'Sample Team', slug: 'sample-team', type: 'team' }
  ]
}

function normal (email: string): string {
  return email.trim().toLowerCase()
}
