import t from 'tap'
import { rememberTools } from '../../../src/runner/actions/known-tools.ts'
import { getApp, noteHintsIgnored, putApp } from '../../../src/runner/apps/repository.ts'
import { noteSetAside, type SetAsideRow } from '../../../src/runner/actions/set-aside-tools.ts'
import { admin, startTestApp } from '../../helpers/app.ts'
import { sameOrigin, signIn, textOf } from '../../helpers/pages.ts'

const MARKUP = '<img src=x onerror=alert(1)>'
const app = await startTestApp(t, { env: { TOOL_ALLOW: 'todo.list' } })
const { db } = app.database
const session = await signIn(app)
const html = async (query = '') =>
  (await app.inject({ url: `/tools${query}`, headers: session })).body

t.test('before any run the page says that no tool is known', async t => {
  t.match(textOf(await html()), /No tool is known yet/)
  t.match((await app.inject({ url: '/runner', headers: session })).body, 'href="/tools"')
})

t.test('each tool stands there with its module, and one that is set aside with its reason and its way out', async t => {
  const row = (name: string, reason: string, why: string): SetAsideRow => ({
    name,
    reason,
    why,
    model: null,
    definitionHash: null
  })
  await rememberTools(
    db,
    'main',
    new Map(['todo.list', 'todo.delete', 'todo.move', MARKUP].map(name => [name, 'h']))
  )
  const setAside = [
    row('todo.delete', 'name_destroys', 'its name says "delete"'),
    row('todo.move', 'declared_destructive', 'the app declares it destructive'),
    row(MARKUP, 'refused_by_model', MARKUP),
    row('', 'name_unusable', 'it has no name')
  ]
  const shown = ['todo.list', ...setAside.map(({ name }) => name)]
  await noteSetAside(db, 'main', shown, setAside, [])
  const text = textOf(await html())
  t.match(text, /see 1 of 5 tools/)
  t.match(
    text,
    /To allow those that the policy sets aside: TOOL_ALLOW=todo\.list,todo\.move /,
    'nothing that destroys by its name'
  )
  t.match(
    text,
    /todo\.delete todo do not see it its name says "delete" since .* TOOL_ALLOW=todo\.list,todo\.delete/
  )
  t.match(text, /\(no name\) do not see it it has no name .* only the app can/)
  t.match(text, /todo\.list todo see it/)
  t.notMatch(await html(), MARKUP)
  const { setAside: stored } = await rememberTools(db, 'main', new Map([['todo.list', 'h']]))
  await noteSetAside(db, 'main', shown, [], stored)
  t.match(
    textOf(await html()),
    /see 4 of 4 tools/,
    'a tool that is shown again is set aside no more'
  )
})

const SHOP = {
  mcpUrl: 'http://127.0.0.1:9/mcp',
  modules: [{ module: 'cart', tools: ['*cart*', 'basket_*'] }]
}
const RULES = '{"cart": ["*cart*"], "orders": ["*order*", "wish_*"]}'

async function openShop (): Promise<void> {
  await putApp(db, 'shop', SHOP, null)
  await rememberTools(
    db,
    'shop',
    new Map(['add_to_cart', 'list_orders', 'search'].map(name => [name, 'h'])),
    [['cart', ['*cart*', 'basket_*']]]
  )
}

const post = (url: string, fields: Record<string, string>) =>
  app.inject({
    method: 'POST',
    url,
    headers: { ...session, ...sameOrigin, 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ app: 'shop', ...fields }).toString()
  })

t.test('tools without a rule and patterns without a tool are marked, ignored hints told', async t => {
  await openShop()
  const before = textOf(await html('?app=shop'))
  t.match(before, /add_to_cart cart see it/)
  t.match(before, /list_orders order no rule see it/)
  t.match(before, /The pattern basket_\* covers no tool/)
  t.notMatch(before, /declares all its tools destructive/)
  await noteHintsIgnored(db, 'shop', true)
  t.match(textOf(await html('?app=shop')), /declares all its tools destructive/)
  const facts = await app.inject({ url: '/api/v1/admin/tools?app=shop', headers: admin })
  t.match(facts.json(), {
    hintsIgnored: true,
    unmapped: ['list_orders', 'search'],
    idlePatterns: ['basket_*']
  })
  t.match((await app.inject({ url: '/api/v1/admin/tools', headers: admin })).json(), {
    hintsIgnored: false,
    unmapped: [],
    idlePatterns: []
  })
})

t.test('a mapping is shown before it is saved, and then saved', async t => {
  await openShop()
  const { version } = await getApp(db, 'shop')
  const preview = await post('/tools/modules/preview', { modules: RULES })
  t.equal(preview.statusCode, 200)
  const text = textOf(preview.body)
  t.match(text, /1 tool would change: .*list_orders order orders/)
  t.match(text, /No pattern covers: search/)
  t.match(text, /The pattern wish_\* would cover no tool/)
  t.equal((await getApp(db, 'shop')).version, version, 'nothing is saved')

  const stale = await post('/tools/modules', { modules: RULES, version: String(version - 1) })
  t.equal(stale.statusCode, 400)
  t.match(textOf(stale.body), /changed by somebody else meanwhile/)
  const saved = await post('/tools/modules', { modules: RULES, version: String(version) })
  t.equal(saved.statusCode, 303)
  t.match((await getApp(db, 'shop')).settings, {
    mcpUrl: SHOP.mcpUrl,
    modules: [
      { module: 'cart', tools: ['*cart*'] },
      { module: 'orders', tools: ['*order*', 'wish_*'] }
    ]
  })
  t.match(textOf(await html('?app=shop&done=modules')), /Saved\. New runs go by it/)
})

t.test('what is no mapping is told, and kept in the form', async t => {
  await openShop()
  for (
    const [modules, why] of [
      ['{"a": [', /Modules is not valid JSON/],
      ['{"a": []}', /the module "a" must have a list of patterns/],
      ['{"a": ["x"], "b": ["x"]}', /stands in the modules "a" and "b"/]
    ] as const
  ) {
    const answer = await post('/tools/modules/preview', { modules })
    t.equal(answer.statusCode, 400)
    t.match(textOf(answer.body), why)
  }
  const first = await post('/tools/modules', { app: 'main', modules: RULES })
  t.equal(first.statusCode, 409, 'the first app is set by the environment')
})

t.test('the answer to new settings names the patterns that cover nothing', async t => {
  await openShop()
  const put = (modules: object[]) =>
    app.inject({
      method: 'PUT',
      url: '/api/v1/admin/apps/shop',
      headers: admin,
      payload: { mcpUrl: SHOP.mcpUrl, modules }
    })
  t.same((await put(SHOP.modules)).json().idlePatterns, ['basket_*'])
  t.notOk('idlePatterns' in (await put([{ module: 'cart', tools: ['*cart*'] }])).json())
})
