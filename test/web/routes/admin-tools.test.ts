import t from 'tap'
import { acceptedDefinitions, rememberTools } from '../../../src/runner/actions/known-tools.ts'
import { admin, startTestApp } from '../../helpers/app.ts'

const app = await startTestApp(t)
const { db } = app.database
const URL = '/api/v1/admin/tools'
const [A, B, C] = ['a', 'b', 'c'].map(letter => letter.repeat(64)) as [string, string, string]
const list = async () => (await app.inject({ url: URL, headers: admin })).json().tools
const accept = (tools: unknown) =>
  app.inject({ method: 'POST', url: `${URL}/accept`, headers: admin, payload: { tools } as object })

t.test('the first definition is taken as it is, a changed one waits for an operator and stands first', async t => {
  t.same(await list(), [])
  await rememberTools(db, 'main', new Map([['todo.list', A], ['notes.list', A]]))
  t.match(await list(), [{ name: 'notes.list', accepted: true, changedAt: null }, {
    name: 'todo.list',
    module: 'todo',
    accepted: true,
    definitionHash: A
  }])
  await rememberTools(db, 'main', new Map([['todo.list', B], ['notes.list', A]]))
  t.match(await list(), [{
    name: 'todo.list',
    accepted: false,
    definitionHash: B,
    changedAt: String
  }, { name: 'notes.list', accepted: true }])
  t.equal(
    (await acceptedDefinitions(db, 'main')).get('todo.list'),
    A,
    'the old one counts as known for now'
  )
})

t.test('only what the operator looked at is accepted, all of it or nothing', async t => {
  const stale = await accept([{ name: 'notes.list', definitionHash: A }, {
    name: 'todo.list',
    definitionHash: C
  }])
  t.match([stale.statusCode, stale.json()], [409, {
    code: 'TOOL_NOT_AS_SEEN',
    message: /todo\.list/
  }])
  t.equal((await accept([{ name: 'never.seen', definitionHash: A }])).statusCode, 409)
  t.equal((await acceptedDefinitions(db, 'main')).get('todo.list'), A, 'nothing was accepted')
  const accepted = await accept([{ name: 'todo.list', definitionHash: B }, {
    name: 'todo.list',
    definitionHash: B
  }])
  t.match([accepted.statusCode, accepted.json()], [200, {
    tools: [{ name: 'todo.list', accepted: true }]
  }])
  t.equal(
    (await accept([{ name: 'todo.list', definitionHash: B }])).statusCode,
    200,
    'a second time changes nothing'
  )
  t.ok((await list()).every((tool: { accepted: boolean }) => tool.accepted))
})

t.test('what is no acceptance is refused by name', async t => {
  for (
    const tools of [undefined, [], [{ name: 'x' }], [{ name: 'x', definitionHash: 'y' }], [{
      name: 'x',
      definitionHash: A,
      force: true
    }]]
  ) {
    const response = await accept(tools)
    t.match(
      [response.statusCode, response.json().code],
      [400, 'BAD_REQUEST'],
      JSON.stringify(tools)
    )
  }
  t.equal((await app.inject({ url: URL })).statusCode, 401)
})
