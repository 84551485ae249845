import t from 'tap'
import { admin, createPersona, startTestApp } from '../../helpers/app.ts'
import { signIn } from '../../helpers/browse.ts'
import { insightRows } from '../../helpers/insight-rows.ts'
import { textOf } from '../../helpers/pages.ts'

/** Pages where there is one app, and where there are two. */

const app = await startTestApp(t)
const { db } = app.database
const rows = insightRows(db)
const reader = await signIn(app)
const FORM = {
  name: 'Nia',
  archetype: 'x',
  systemPrompt: 'You are Nia.',
  moduleMix: '',
  tickCadence: 'daily',
  timeZone: 'Europe/Berlin',
  locale: 'en',
  patience: 'low'
}

const lived = async (runId: string, personaId: string, name: string) => {
  await rows.run(runId, personaId, { app: name, app_version: null })
  await rows.rating(runId, 'todo', 4)
  await rows.visit(runId, 'todo')
}

const mara = await createPersona(app, { email: 'mara@x.test', name: 'Mara' })
await lived('r1', mara.id, 'main')

t.test('with one app no page speaks of apps', async t => {
  for (
    const path of [
      '/',
      '/modules',
      '/modules/todo',
      '/personas',
      '/personas/new',
      `/personas/${mara.id}/edit`,
      '/runs',
      '/runs?app=main',
      '/runner'
    ]
  ) {
    const { body } = await reader.get(path)
    t.notMatch(body, /aria-label="App"|name="app"|<h2>Apps<\/h2>|Lives in the app/, path)
  }
})

t.test('with two apps every page is about one of them', async t => {
  const shop = {
    mcpUrl: 'http://127.0.0.1:9/mcp?token=secret-of-shop',
    accounts: 'none',
    toolPolicy: 'read-only'
  }
  t.equal(
    (await app.inject({
      method: 'PUT',
      url: '/api/v1/admin/apps/shop',
      headers: admin,
      payload: shop
    })).statusCode,
    201
  )
  const ivo = await createPersona(app, { email: 'ivo@x.test', name: 'Ivo', app: 'shop' })
  await lived('r2', ivo.id, 'shop')

  for (
    const [path, here, elsewhere] of [['/modules', 'Mara', 'Ivo'], [
      '/modules?app=shop',
      'Ivo',
      'Mara'
    ], ['/modules?app=nowhere', 'Mara', 'Ivo']] as const
  ) {
    const { body } = await reader.get(path)
    const heat = body.slice(body.indexOf('id="heat"'))
    t.match(heat, here, path)
    t.notMatch(heat, elsewhere, `${path}: nobody of another app`)
    t.match(body, /<nav class="tabs" aria-label="App">/)
  }
  t.match(
    (await reader.get('/modules?app=shop')).body,
    /href="\/modules\/todo\?app=shop"/,
    'the choice goes along'
  )
  t.match((await reader.get('/modules/todo?app=shop')).body, /Ivo/)
  t.notMatch((await reader.get('/modules/todo?app=shop')).body, /Mara/)
  t.match(
    (await reader.get('/modules/todo?app=shop&days=7')).body,
    /href="\/modules\?app=shop&amp;days=7"/
  )
  const overview = (await reader.get('/?app=shop')).body
  t.match(overview, /data-src="\/overview\/insights\?app=shop"/, 'a live page stays with its app')
  t.match(overview, /href="\/modules\/todo\?app=shop"/)
  t.match((await reader.get('/')).body, /href="\/modules\/todo"/)

  await rows.action('r2', 1, 'todo.list')
  for (
    const [path, link] of [
      [`/personas/${ivo.id}`, 'todo?app=shop'],
      ['/runs/r2', 'todo?app=shop'],
      ['/runs/r2/actions/1', 'todo?app=shop'],
      ['/runs/r1', 'todo']
    ]
  ) {
    t.ok(
      (await reader.get(path ?? '')).body.includes(`href="/modules/${link}"`),
      `${path} leads to the module of its own app`
    )
  }

  const cast = textOf((await reader.get('/personas?app=shop')).body)
  t.match(cast, /1 persona that match/)
  t.match(textOf((await reader.get('/personas')).body), /2 personas/)
  for (
    const [path, here, elsewhere] of [['/runs?app=shop', 'r2', 'r1'], [
      '/runs?app=main',
      'r1',
      'r2'
    ]] as const
  ) {
    const { body } = await reader.get(path)
    t.ok(body.includes(`/runs/${here}"`) && !body.includes(`/runs/${elsewhere}"`), path)
    t.match(body, /href="\/runs\?state=failed&amp;app=/, 'a state is chosen within the app')
  }
  for (const path of ['/runs', '/runs?app=nowhere', '/runs?app=']) {
    const { body } = await reader.get(path)
    t.ok(body.includes('/runs/r1"') && body.includes('/runs/r2"'), `${path}: of all apps`)
  }
  t.notMatch((await reader.get(`/runs?persona=${ivo.id}`)).body, /aria-label="App"/)
  const runner = (await reader.get('/runner')).body
  t.match(textOf(runner), /shop http:\/\/127\.0\.0\.1:9\/mcp none read-only in order/)
  t.notMatch(runner, /secret-of-shop/)
})

t.test('a persona is created in its app, and stays there', async t => {
  t.match((await reader.get('/personas/new')).body, /<select id="app"[\s\S]*main[\s\S]*shop/)
  const created = await reader.post('/personas', { ...FORM, email: 'nia@x.test', app: 'shop' })
  t.equal(created.status, 303)
  const { id, app: home } = await db.selectFrom('personas').select(['id', 'app']).where(
    'email',
    '=',
    'nia@x.test'
  ).executeTakeFirstOrThrow()
  t.equal(home, 'shop')
  const form = (await reader.get(`/personas/${id}/edit`)).body
  t.notMatch(form, /name="app"/)
  t.match(textOf(form), /Lives in the app shop, and stays there/)
  t.equal(
    (await reader.post(`/personas/${id}/edit`, {
      ...FORM,
      email: 'nia@x.test',
      app: 'main',
      name: 'Nia B.'
    })).status,
    303
  )
  t.match(
    await db.selectFrom('personas').select(['app', 'name']).where('id', '=', id).executeTakeFirst(),
    { app: 'shop', name: 'Nia B.' }
  )
  const refused = await reader.post('/personas', { ...FORM, email: 'ona@x.test', app: 'nowhere' })
  t.equal(refused.status, 422)
  t.match(refused.body, /id="app-error"/)
})
