import t from 'tap'
import { rememberTools } from '../../../src/runner/actions/known-tools.ts'
import { noteSetAside, type SetAsideRow } from '../../../src/runner/actions/set-aside-tools.ts'
import { startTestApp } from '../../helpers/app.ts'
import { signIn, textOf } from '../../helpers/pages.ts'

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
