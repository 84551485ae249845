import { randomBytes } from 'node:crypto'
import t from 'tap'
import { derivePassword } from '../../src/runner/accounts/password.ts'
import { ADMIN_KEY, SEED_SECRET, SERVICE_KEY } from '../helpers/app.ts'
import { startWorld } from '../helpers/world.ts'
import {
  OriginalRunnerClient,
  postOriginalPersona,
  type OriginalAdminBody
} from './original-clients.ts'

/** The original admin client against a real server, over HTTP. */

const world = await startWorld(t, {
  env: { ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}` }
})
const { app, sampleApp } = world
const url = await app.listen({ port: 0, host: '127.0.0.1' })
const runner = new OriginalRunnerClient(url, SERVICE_KEY)
const post = (body: OriginalAdminBody) => postOriginalPersona(url, ADMIN_KEY, body)

const BODY: OriginalAdminBody = {
  email: 'mara@personas.test',
  password: derivePassword('a-seed-of-their-own', 'mara@personas.test'),
  archetype: 'researcher',
  systemPrompt: 'Du bist Mara.',
  moduleMix: { todo: 0.6, notes: 0.4 }
}

t.test('the original body creates a persona, whose userId the answer and the due-list have', async t => {
  const created = await post(BODY)
  t.match(created, {
    status: 201,
    body: {
      userId: String,
      email: BODY.email,
      archetype: 'researcher',
      moduleMix: BODY.moduleMix,
      tickCadence: 'daily'
    }
  })
  t.equal(created.body.name, 'mara', 'without a name it is called by what stands before the @')
  t.match(await runner.due(), [{
    userId: created.body.userId,
    email: BODY.email,
    systemPrompt: BODY.systemPrompt,
    tickCadence: 'daily',
    lastActiveAt: null
  }])
  sampleApp.addAccount({ email: BODY.email, password: BODY.password, name: 'Mara', locale: 'de' })
  t.not(BODY.password, derivePassword(SEED_SECRET, BODY.email))
  t.match(
    await world.tick(),
    { due: 1, ranSuccessfully: 1 },
    'and it signs in with the password of the body'
  )
})

t.test('the same email updates it', async t => {
  const updated = await post({ ...BODY, name: 'Mara K.', tickCadence: 'hourly' })
  t.match(updated, { status: 200, body: { name: 'Mara K.', tickCadence: 'hourly' } })
  t.match((await post(BODY)).body, {
    userId: updated.body.userId,
    name: 'Mara K.',
    tickCadence: 'hourly'
  }, 'what is left out stays')
})

t.test('every field of the original is looked at', async t => {
  const wrong: [Partial<Record<keyof OriginalAdminBody, unknown>>, RegExp][] = [
    [{ email: 'nobody' }, /body\/email/],
    [{ password: '1234567' }, /body\/password/],
    [{ archetype: '' }, /body\/archetype/],
    [{ systemPrompt: '' }, /body\/systemPrompt/],
    [{ moduleMix: [] }, /body\/moduleMix/],
    [{ tickCadence: 'monthly' }, /body\/tickCadence/],
    [{ name: 5 }, /body\/name/]
  ]
  for (const [change, message] of wrong) {
    t.match(await post({ ...BODY, ...change } as OriginalAdminBody), {
      status: 400,
      body: { code: 'BAD_REQUEST', message }
    }, JSON.stringify(change))
  }
})
