import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import t from 'tap'
import { headerAccounts } from '../../../src/runner/accounts/headers.ts'
import { deleteSecret } from '../../../src/runner/accounts/repository.ts'
import { storeAccount, type Vault } from '../../../src/runner/accounts/vault.ts'
import { upsertPersona } from '../../../src/personas/repository.ts'
import { PERSONA } from '../../helpers/app.ts'
import { openTestDatabase } from '../../helpers/database.ts'

const { db } = await openTestDatabase(t)
const vault: Vault = { db, keys: [{ kid: 'k1', secret: randomBytes(32) }] }
const accounts = headerAccounts(vault)
const never = new AbortController().signal
const { persona: mara } = await upsertPersona(db, PERSONA)
const { persona: ben } = await upsertPersona(db, { ...PERSONA, email: 'ben@personas.test' })

t.test('each persona shows what was stored for it, and one without anything is refused', async t => {
  await t.rejects(accounts.signIn(mara, never), {
    code: 'LOGIN_FAILED',
    message: /mara@personas\.test.*PUT/
  })
  await storeAccount(vault, mara.id, { bearer: 'token-of-mara' }, 'headers')
  await storeAccount(
    vault,
    ben.id,
    { headers: { 'X-Api-Key': 'key-of-ben', 'x-tenant': 't1' } },
    'headers'
  )
  t.match(await accounts.signIn(mara, never), {
    headers: { authorization: 'Bearer token-of-mara' },
    secrets: ['token-of-mara']
  })
  t.strictSame((await accounts.signIn({ email: 'Ben@Personas.test' }, never)).headers, {
    'x-api-key': 'key-of-ben',
    'x-tenant': 't1'
  })
})

t.test('nothing is stored for a persona that was deleted meanwhile', async t => {
  await t.rejects(
    storeAccount(vault, '00000000-0000-4000-8000-000000000000', { bearer: 'a-token' }, 'headers'),
    { code: 'PERSONA_NOT_FOUND' }
  )
})

t.test('a token that is replaced in the middle of a day is taken up, and one that stays refused is not tried again', async t => {
  const account = await accounts.signIn(mara, never)
  await t.rejects(async () => account.renew?.(never), { code: 'LOGIN_FAILED' })
  await storeAccount(vault, mara.id, { bearer: 'another-token' }, 'headers')
  t.match(await account.renew?.(never), { headers: { authorization: 'Bearer another-token' } })
  await deleteSecret(db, mara.id)
  await t.rejects(async () => account.renew?.(never), { code: 'LOGIN_FAILED' })
})

t.test('a secret that somebody moves to another persona does not open', async t => {
  await storeAccount(vault, mara.id, { bearer: 'token-of-mara' }, 'headers')
  await sql`UPDATE account_secrets AS one SET sealed = other.sealed FROM account_secrets AS other
    WHERE one.persona_id <> other.persona_id`.execute(db)
  for (const persona of [mara, ben]) {
    await t.rejects(accounts.signIn(persona, never), {
      code: 'SECRET_UNREADABLE',
      message: new RegExp(persona.id)
    })
  }
})

t.test('what was sealed under a key that is gone says which one', async t => {
  await storeAccount(vault, mara.id, { bearer: 'token-of-mara' }, 'headers')
  const other = headerAccounts({ db, keys: [{ kid: 'k2', secret: randomBytes(32) }] })
  await t.rejects(other.signIn(mara, never), { code: 'SECRET_KEY_UNKNOWN', message: /"k1"/ })
})
