import { PassThrough } from 'node:stream'
import { sql } from 'kysely'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { KEY_LIST, keyProblems, keysOf, readKeyList } from '../../src/platform/keys.ts'
import { openTestDatabase } from '../helpers/database.ts'
import { signIn } from '../helpers/pages.ts'

const database = await openTestDatabase(t)

/** A process with these keys, and all that it has logged. */
async function start (env: Record<string, string>) {
  const stream = new PassThrough()
  let log = ''
  stream.on('data', chunk => {
    log += chunk
  })
  const app = await buildApp({
    env: { NODE_ENV: 'test', TICK_SCHEDULE: '0 0 1 1 *', ...env },
    database,
    logger: { level: 'info', stream }
  })
  t.teardown(() => app.close())
  await app.ready()
  const ask = async (
    url: string,
    headers: Record<string, string>,
    method: 'GET' | 'DELETE' = 'GET'
  ) => (await app.inject({ method, url, headers })).statusCode
  return { app, ask, log: () => log }
}

const due = '/api/v1/internal/personas/due'
const runs = '/api/v1/admin/runs'
const sent = (key: string) => ({ 'x-service-key': key })
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

t.test('a list holds up to four keys with names of their own; a secret may hold colons', async t => {
  const list = new RegExp(KEY_LIST)
  for (
    const right of [
      'a:12345678',
      ' a:12345678 , b:12345678',
      'a.b-c_1:1234:5678',
      'a:12345678,b:12345678,c:12345678,d:12345678'
    ]
  ) t.match(right, list)
  const wrong = [
    '12345678',
    'a:1234567',
    ':12345678',
    'a b:12345678',
    'a:1234 5678',
    'a:12345678,',
    `${'a'.repeat(33)}:12345678`,
    'abcde'.split('').map(kid => `${kid}:12345678`).join()
  ]
  for (const text of wrong) t.notMatch(text, list, text)
  t.same(readKeyList(' old:one:two:three , new:12345678'), [
    { kid: 'old', secret: 'one:two:three' },
    { kid: 'new', secret: '12345678' }
  ])
  t.same(
    keysOf({ SERVICE_KEY: 'alone-it-stands', SERVICE_KEYS: 'a:12345678' }).service.map(key =>
      key.kid
    ),
    ['single', 'a']
  )
})

t.test('two keys of one name, and a viewer key that is an admin key, are refused without being shown', async t => {
  const table: [Record<string, string>, RegExp | undefined][] = [
    [{ ADMIN_KEYS: 'a:one-secret,b:two-secret', VIEWER_KEYS: 'a:three-secret' }, undefined],
    [
      { ADMIN_KEYS: 'a:one-secret,a:two-secret' },
      /ADMIN_KEYS must name each key differently \("a"/
    ],
    [
      { SERVICE_KEY: 'one-secret', SERVICE_KEYS: 'single:two-secret' },
      /SERVICE_KEYS must name .* so is SERVICE_KEY called/
    ],
    [{ ADMIN_KEYS: 'a:one-secret', VIEWER_KEY: 'one-secret' }, /VIEWER_KEY must differ/],
    [
      { ADMIN_KEY: 'one-secret', VIEWER_KEYS: 'v:two-secret,w:one-secret' },
      /VIEWER_KEYS must differ/
    ]
  ]
  for (const [env, problem] of table) {
    const lines = keyProblems(env)
    if (problem === undefined) t.same(lines, [])
    else t.match(lines, [problem])
    t.notMatch(lines.join(), /-secret/)
  }
})

t.test('keys change without a gap: both hold while both are there, and the old one ends with its line', async t => {
  const before = await start({ SERVICE_KEY: 'service-old', ADMIN_KEY: 'admin-key-old' })
  const between = await start({
    SERVICE_KEY: 'service-old',
    SERVICE_KEYS: 'may:service-new',
    ADMIN_KEYS: 'april:admin-key-old,may:admin-key-new'
  })
  const after = await start({ SERVICE_KEYS: 'may:service-new', ADMIN_KEYS: 'may:admin-key-new' })
  const works = async ({ ask }: typeof before) =>
    [
      await ask(due, sent('service-old')),
      await ask(due, sent('service-new')),
      await ask(runs, bearer('admin-key-old')),
      await ask(runs, bearer('admin-key-new'))
    ].map(status => status === 200)
  t.same(await works(before), [true, false, true, false])
  t.same(await works(between), [true, true, true, true])
  t.same(await works(after), [false, true, false, true])

  const old = await signIn(between.app, 'admin-key-old')
  const fresh = await signIn(between.app, 'admin-key-new')
  t.same([await between.ask('/', old), await between.ask('/', fresh)], [200, 200])
  t.same(
    [await after.ask('/', old), await after.ask('/', fresh)],
    [303, 200],
    'a session ends with the key that opened it'
  )
})

t.test('the log says by which key each request came, and never a key', async t => {
  const { app, ask, log } = await start({
    SERVICE_KEYS: 'march:service-key-one,june:service-key-two',
    ADMIN_KEY: 'admin-key-one',
    VIEWER_KEYS: 'wall:viewer-key-one',
    ANTHROPIC_API_KEY: 'model-key-one'
  })
  await ask(due, sent('service-key-two'))
  await ask(runs, bearer('admin-key-one'))
  await ask(runs, bearer('viewer-key-one'))
  await ask(runs, bearer('guessed-key'))
  await ask('/runs', await signIn(app, 'viewer-key-one'))
  const lines = log().split('\n').filter(line => line !== '').map(line => JSON.parse(line))
  const done = lines.filter(line => line.msg === 'request completed')
  t.same(done.map(line => [line.res.statusCode, line.key]), [
    [200, 'service/june'],
    [200, 'admin/single'],
    [200, 'viewer/wall'],
    [401, undefined],
    [303, undefined],
    [200, 'page/viewer/wall']
  ])
  t.notMatch(log(), /key-one|key-two|guessed/)
  t.equal(app.scheduler.missing.length, 0, 'keys in a list turn the runner on as well')
})

t.test('one request signs everybody out of the pages', async t => {
  const { app, ask } = await start({ ADMIN_KEY: 'admin-key-one', VIEWER_KEY: 'viewer-key-one' })
  await sql`DELETE FROM page_sessions`.execute(database.db)
  const sessions = [await signIn(app, 'admin-key-one'), await signIn(app, 'viewer-key-one')]
  t.equal(await ask('/api/v1/admin/page-sessions', bearer('viewer-key-one'), 'DELETE'), 403)
  for (const session of sessions) t.equal(await ask('/', session), 200)
  const response = await app.inject({
    method: 'DELETE',
    url: '/api/v1/admin/page-sessions',
    headers: bearer('admin-key-one')
  })
  t.same(response.json(), { ended: 2 })
  for (const session of sessions) t.equal(await ask('/', session), 303)
})
