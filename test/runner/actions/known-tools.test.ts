import { sql } from 'kysely'
import t from 'tap'
import { rememberTools } from '../../../src/runner/actions/known-tools.ts'
import { openTestDatabase } from '../../helpers/database.ts'

const { db } = await openTestDatabase(t)
const rows = () =>
  db.selectFrom('known_tools').select(['tool_name', 'module', 'definition_hash', 'changed_at'])
    .orderBy('tool_name').execute()

const changed = async (definitions: Map<string, string>) =>
  (await rememberTools(db, 'main', definitions)).changed

t.test('a tool whose definition changes is named once, and the row says when', async t => {
  t.strictSame(await changed(new Map()), [])
  t.strictSame(
    await changed(new Map([['todo.list', 'a'], ['todo.create', 'b']])),
    [],
    'new tools have not changed'
  )
  t.match(await rows(), [
    { tool_name: 'todo.create', module: 'todo', definition_hash: 'b', changed_at: null },
    { tool_name: 'todo.list', module: 'todo', definition_hash: 'a', changed_at: null }
  ])
  t.strictSame(await changed(new Map([['todo.list', 'a'], ['todo.create', 'c']])), ['todo.create'])
  t.strictSame(
    await changed(new Map([['todo.list', 'a'], ['todo.create', 'c']])),
    [],
    'only by the run that saw it first'
  )
  const [create, list] = await rows()
  t.type(create?.changed_at, Date)
  t.equal(list?.changed_at, null)
})

t.test('a tool from before definitions were hashed has not changed when it gets its first hash', async t => {
  await sql`UPDATE known_tools SET definition_hash = NULL, changed_at = NULL`.execute(db)
  t.strictSame(await changed(new Map([['todo.list', 'z']])), [])
  t.match((await rows())[1], { definition_hash: 'z', changed_at: null })
})
