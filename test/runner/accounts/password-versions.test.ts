import t from 'tap'
import { derivePassword } from '../../../src/runner/accounts/password.ts'
import { newestSeedVersion, readSeedSecrets } from '../../../src/platform/keys.ts'
import { admin } from '../../helpers/app.ts'
import { startWorld } from '../../helpers/world.ts'

const [OLD, NEW] = ['the-older-seed-of-all-passwords', 'the-newer-seed-of-all-passwords']
const world = await startWorld(t, {
  env: { PERSONA_SEED_SECRET: OLD, PERSONA_SEED_SECRETS: `2:${NEW}` }
})
const { app, sampleApp } = world
const person = { name: 'P', archetype: 'a', systemPrompt: 'Du bist P.', tickCadence: 'daily' }
const call = async (method: 'GET' | 'POST' | 'PATCH', url: string, payload?: object) => {
  const answer = await app.inject({
    method,
    url: `/api/v1/admin/personas${url}`,
    headers: admin,
    ...(payload !== undefined && { payload })
  })
  return { status: answer.statusCode, body: answer.json() }
}
const setPassword = (email: string, secret: string) =>
  sampleApp.addAccount({ email, password: derivePassword(secret, email), name: 'P', locale: 'de' })
const login = async (email: string) => (await app.inject(`/diag/login?email=${email}`)).json()

t.test('the secret is changed persona by persona', async t => {
  const mara = (await call('POST', '', { ...person, email: 'mara@x.test' })).body
  const ben = (await call('POST', '', { ...person, email: 'ben@x.test' })).body
  t.match(
    [mara, ben],
    [{ passwordVersion: 2 }, { passwordVersion: 2 }],
    'new personas get the first of the list'
  )
  await app.database.db.updateTable('personas').set({ password_version: 1 }).execute()
  setPassword(mara.email, OLD)
  setPassword(ben.email, OLD)
  t.match([await login(mara.email), await login(ben.email)], [{ ok: true }, { ok: true }])

  t.match(await call('PATCH', `/${mara.id}`, { passwordVersion: 2 }), {
    status: 200,
    body: { passwordVersion: 2, version: mara.version }
  }, 'and is the same person')
  t.match(
    await login(mara.email),
    { ok: false, code: 'LOGIN_FAILED' },
    'the app has the old password still'
  )
  setPassword(mara.email, NEW)
  t.match([await login(mara.email), await login(ben.email)], [{ ok: true }, { ok: true }])
  t.match(await world.tick(), { due: 2, ranSuccessfully: 2 })
})

t.test('a version without a secret is refused when it is set, and told where it is missing later', async t => {
  const eve = (await call('POST', '', { ...person, email: 'eve@x.test' })).body
  t.match(await call('PATCH', `/${eve.id}`, { passwordVersion: 3 }), {
    status: 400,
    body: { message: 'body/passwordVersion 3 is not one of PERSONA_SEED_SECRETS (2, 1)' }
  })
  await app.database.db.updateTable('personas').set({ password_version: 3 }).where(
    'id',
    '=',
    eve.id
  ).execute()
  const { failed } = await world.tick()
  t.match(failed, [{
    persona: 'eve@x.test',
    error: /LOGIN_FAILED.*version 3.*PERSONA_SEED_SECRETS has no such secret \(there is 2, 1\)/
  }])
  t.notOk(/seed-of-all/.test(JSON.stringify(failed)))
})

t.test('a secret that stands alone is version 1', async t => {
  t.strictSame([...readSeedSecrets({ PERSONA_SEED_SECRET: OLD })], [[1, OLD]])
  t.strictSame([
    ...readSeedSecrets({ PERSONA_SEED_SECRET: OLD, PERSONA_SEED_SECRETS: `3:${NEW}, 2:x` })
  ], [[3, NEW], [2, 'x'], [1, OLD]])
  t.strictSame([newestSeedVersion({}), newestSeedVersion({ PERSONA_SEED_SECRETS: `3:${NEW}` })], [
    1,
    3
  ])
})
