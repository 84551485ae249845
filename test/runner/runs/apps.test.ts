import { randomBytes } from 'node:crypto'
import t from 'tap'
import { derivePassword } from '../../../src/runner/accounts/password.ts'
import { legalName } from '../../../src/runner/tools/tool-names.ts'
import { startSampleApp } from '../../../src/demo/sample-app/sample-app.ts'
import { openBreaker } from '../../../src/runner/runs/breakers.ts'
import { admin, SEED_SECRET } from '../../helpers/app.ts'
import { CLIENT, startOAuthServer } from '../../helpers/oauth-server.ts'
import { startWorld } from '../../helpers/world.ts'

/**
 * The app of the environment, one with passwords of its own and one with an OAuth client, side by
 * side in one process.
 */

const shop = await startSampleApp()
const open = await startSampleApp({ requireAccounts: false })
const oauth = await startOAuthServer(t, { lifeMs: 60_000, mcpUrl: open.mcpUrl })
t.teardown(async () => {
  await shop.close()
  await open.close()
})
const PERSON = {
  name: 'P',
  archetype: 'a',
  systemPrompt: 'Du bist P.',
  tickCadence: 'daily',
  moduleMix: { todo: 1 }
}
const RATINGS =
  '{"ratings":[{"module":"todo","notes":"#1 ging","rating":4,"evidence":[{"action":1}]}]}'
const world = await startWorld(t, {
  env: { ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}` },
  script: (_request, { index }) =>
    [{ toolCalls: [{ name: legalName('todo.create'), input: { title: 'Milch' } }] }, {
      text: 'Fertig.'
    }][index] ?? { text: RATINGS }
})
const { app, sampleApp } = world

const ask = async (
  method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE',
  url: string,
  payload?: object
) => {
  const answer = await app.inject({
    method,
    url: `/api/v1/admin/${url}`,
    headers: admin,
    ...(payload !== undefined && { payload })
  })
  return { status: answer.statusCode, body: answer.body === '' ? null : answer.json() }
}
const SHOP = { mcpUrl: shop.mcpUrl, accounts: 'password', authUrl: shop.url }
const DESK = {
  mcpUrl: oauth.mcpUrl,
  accounts: 'client-credentials',
  oauthTokenUrl: oauth.tokenUrl,
  oauthClientId: CLIENT.id,
  oauthClientSecret: CLIENT.secret
}
const due = (id: string) =>
  app.database.db.updateTable('personas').set({ last_active_at: null, not_before: null }).where(
    'id',
    '=',
    id
  ).execute()
const latest = async (personaId: string) =>
  (await ask('GET', `runs?personaId=${personaId}&limit=1`)).body.runs[0]

t.test('an app is set up, shown without its secret, and refused where something is missing', async t => {
  t.match(await ask('PUT', 'apps/shop', SHOP), {
    status: 201,
    body: { name: 'shop', definedBy: 'admin', settings: SHOP, personas: 0, version: 1 }
  })
  t.match(await ask('PUT', 'apps/desk', DESK), { status: 201, body: { hasClientSecret: true } })
  t.match(await ask('GET', 'apps'), {
    body: { apps: [{ name: 'main', definedBy: 'environment' }, { name: 'desk' }, { name: 'shop' }] }
  })
  for (
    const [name, settings, status, code, message] of [
      [
        'x',
        { ...SHOP, authUrl: undefined },
        400,
        'BAD_REQUEST',
        /body\/authUrl must be set, because accounts is password/
      ],
      [
        'x',
        { ...DESK, oauthClientSecret: undefined },
        400,
        'BAD_REQUEST',
        /body\/oauthClientSecret must be set/
      ],
      [
        'x',
        { mcpUrl: 'http://user:word@localhost/mcp' },
        400,
        'BAD_REQUEST',
        /body\/mcpUrl must not hold a user or a password/
      ],
      ['x', { mcpUrl: 'http://169.254.169.254/mcp' }, 400, 'BAD_REQUEST', /mcpUrl of the app "x"/],
      ['main', SHOP, 409, 'APP_OF_ENVIRONMENT', /MCP_URL/]
    ] as const
  ) {
    const refused = await ask('PUT', `apps/${name}`, settings)
    t.match(refused.body, { code, message })
    t.equal(refused.status, status)
  }
  t.match(await ask('PUT', 'apps/desk', { ...DESK, oauthClientSecret: undefined }), {
    status: 200,
    body: { hasClientSecret: true, version: 2 }
  })
  const elsewhere = { ...DESK, oauthClientSecret: undefined, oauthTokenUrl: `${shop.url}/token` }
  t.match(
    await ask('PUT', 'apps/desk', elsewhere),
    { status: 400 },
    'a stored secret goes to nobody that it was not given for'
  )
})

t.test('personas live in their own app, with their own accounts and under its policy', async t => {
  t.match(await ask('POST', 'personas', { ...PERSON, email: 'who@x.test', app: 'nowhere' }), {
    status: 400,
    body: { message: /body\/app "nowhere"/ }
  })
  const mara = await world.persona({ email: 'mara@x.test' })
  const ben = (await ask('POST', 'personas', { ...PERSON, email: 'ben@x.test', app: 'shop' })).body
  const eve = (await ask('POST', 'personas', { ...PERSON, email: 'eve@x.test', app: 'desk' })).body
  t.match(ben, { app: 'shop' })
  t.match(await ask('POST', 'personas', { ...PERSON, email: 'ben@x.test', app: 'desk' }), {
    status: 409,
    body: { code: 'PERSONA_OF_APP' }
  })
  t.match(await ask('DELETE', 'apps/shop'), { status: 409, body: { code: 'APP_IN_USE' } })
  t.match((await ask('GET', 'personas?app=shop')).body, {
    total: 1,
    personas: [{ email: 'ben@x.test' }]
  })
  const password = derivePassword(SEED_SECRET, 'ben@x.test', 'shop')
  t.not(
    password,
    derivePassword(SEED_SECRET, 'ben@x.test'),
    'no app learns a password that another takes'
  )
  shop.addAccount({ email: 'ben@x.test', name: 'Ben', password, locale: 'de' })

  t.match(await world.tick(), { due: 3, ranSuccessfully: 3 })
  t.match(await latest(ben.id), { state: 'completed', app: 'shop' })
  t.match(
    [sampleApp.effects('mara@x.test'), shop.effects('ben@x.test'), open.effects('')],
    Array(3).fill({ 'todo.create': 1 })
  )
  t.match(
    [sampleApp.requests['tools/call'], shop.requests['tools/call'], open.requests['tools/call']],
    [1, 1, 1],
    'nobody called anywhere else'
  )
  t.same(oauth.seen.refusedCalls, 0)
  t.match(
    (await ask('GET', 'tools?app=shop')).body.tools.length,
    (await ask('GET', 'tools')).body.tools.length
  )

  t.match((await ask('GET', 'insights/modules?app=shop')).body, {
    groups: [{ modules: [{ module: 'todo', visits: 1 }] }]
  })
  t.match((await ask('GET', 'insights/modules')).body, {
    groups: [{ modules: [{ module: 'todo', visits: 1 }] }]
  }, 'that of the environment, where none is asked for')

  // Another policy, without a restart.
  await ask('PUT', 'apps/shop', { ...SHOP, toolDeny: ['todo.create'] })
  await Promise.all([due(mara.id), due(ben.id)])
  await world.tick()
  t.match([sampleApp.effects('mara@x.test'), shop.effects('ben@x.test')], [{ 'todo.create': 2 }, {
    'todo.create': 1
  }])
  const { actions } = (await ask('GET', `runs/${(await latest(ben.id)).id}`)).body
  t.match(actions, [{ toolName: 'todo.create', result: 'rejected' }])

  // One that is out of order holds nobody else up.
  const { breaker } = await app.apps.find('shop')
  await openBreaker(app.database.db, breaker, { service: 'app' }, {
    code: 'MCP_UNREACHABLE',
    reason: 'gone'
  })
  await Promise.all([mara.id, ben.id, eve.id].map(due))
  t.match(await world.tick(), { due: 2, ranSuccessfully: 2 })
  t.match((await app.inject('/ready')).json(), {
    ok: true,
    degraded: [/^the app "shop" is out of order \(MCP_UNREACHABLE\)/]
  })
  t.match((await ask('GET', 'runner')).body.breakers, [{
    service: 'app',
    app: 'shop',
    state: 'open'
  }])
  t.match(
    (await ask('POST', 'runner/close-breaker', { service: 'app', app: 'shop' })).body.breakers,
    []
  )
  t.match(await world.tick(), { due: 1, ranSuccessfully: 1 })

  await app.database.db.updateTable('apps').set({ sealed: 'c3dhcHBlZA==' }).where(
    'name',
    '=',
    'desk'
  ).execute()
  await ask('PUT', 'apps/desk', { ...DESK })
  await app.database.db.updateTable('apps').set({
    sealed: Buffer.from('swapped').toString('base64'),
    version: 99
  }).where('name', '=', 'desk').execute()
  await due(eve.id)
  t.match(
    await world.tick(),
    { failed: [{ persona: 'eve@x.test', error: /SECRET_UNREADABLE/ }] },
    'a secret that does not open ends the run as a failed sign-in'
  )
})

t.test('an app that was deleted and set up anew is the new one', async t => {
  await ask('PUT', 'apps/stall', SHOP)
  const first = await app.apps.find('stall')
  t.equal(await app.apps.find('stall'), first)
  t.match(await ask('DELETE', 'apps/stall'), { status: 204 })
  await t.rejects(app.apps.find('stall'), { code: 'APP_NOT_FOUND' })
  t.match(await ask('PUT', 'apps/stall', { mcpUrl: open.mcpUrl }), {
    status: 201,
    body: { version: 1 }
  })
  t.match(await app.apps.find('stall'), { accountKind: 'none' })
})

t.test('the secret of a client is nowhere but sealed', async t => {
  const { rows } = await app.database.executeSql('SELECT to_jsonb(apps)::text AS row FROM apps')
  const said = [
    JSON.stringify(rows),
    JSON.stringify(world.claude.requests),
    JSON.stringify((await ask('GET', 'apps')).body)
  ].join()
  t.notOk(said.includes(CLIENT.secret))
})
