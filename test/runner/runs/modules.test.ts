import t from 'tap'
import { rememberTools } from '../../../src/runner/actions/known-tools.ts'
import { readModuleRules } from '../../../src/runner/modules/rules.ts'
import { createPersona, service, startTestApp } from '../../helpers/app.ts'

/** Modules as runs and other runners store them. */

const app = await startTestApp(t)
const { db } = app.database
const definitions = (...tools: string[]) => new Map(tools.map(tool => [tool, 'h']))
const stored = async () =>
  Object.fromEntries(
    (await db.selectFrom('known_tools').select(['tool_name', 'module']).orderBy('tool_name')
      .execute())
      .map(row => [row.tool_name, row.module])
  )

t.test('what is derived at first sight stays, and new tools join it', async t => {
  const first = await rememberTools(db, 'main', definitions('create_issue', 'list_issues', 'echo'))
  t.equal(first.moduleOf('create_issue'), 'issue')
  const later = await rememberTools(
    db,
    'main',
    definitions(
      'create_issue',
      'list_issues',
      'echo',
      'close_issue',
      'issue_label_add',
      'label_issue_label'
    )
  )
  t.same(
    ['create_issue', 'close_issue', 'issue_label_add', 'echo', 'never.seen'].map(later.moduleOf),
    ['issue', 'issue', 'issue', 'echo', 'never']
  )
  t.match(await stored(), { create_issue: 'issue', close_issue: 'issue', echo: 'echo' })
  t.same(later.changed, [], 'a new module is no changed tool')
})

t.test('rules of the operator count from the next run, and what was derived comes back without them', async t => {
  const rules = readModuleRules({ tickets: ['*issue*'] }, 'MODULES')
  t.equal(
    (await rememberTools(db, 'main', definitions('create_issue', 'echo'), rules)).moduleOf(
      'create_issue'
    ),
    'tickets'
  )
  t.match(await stored(), { create_issue: 'tickets', list_issues: 'issue' })
  t.equal(
    (await rememberTools(db, 'main', definitions('create_issue', 'echo'))).moduleOf('create_issue'),
    'issue'
  )
})

t.test('a row from before modules were derived is derived anew', async t => {
  await db.insertInto('known_tools').values({
    app: 'main',
    tool_name: 'read_graphs',
    module: 'read_graphs'
  }).execute()
  t.equal(
    (await rememberTools(db, 'main', definitions('read_graphs'))).moduleOf('read_graphs'),
    'graph'
  )
})

t.test("another runner's calls have the modules of the persona's app", async t => {
  const { id } = await createPersona(app)
  const actions = ['create_issue', 'unseen.tool', 'un/seen', 'list_things'].map(toolName => ({
    tickId: 't',
    toolName,
    result: 'ok'
  }))
  const response = await app.inject({
    method: 'POST',
    url: `/api/v1/internal/personas/${id}/actions`,
    headers: service,
    payload: { actions }
  })
  t.match(response.json(), { ok: true, written: 4 })
  const rows = await db.selectFrom('persona_actions').select(['tool_name', 'module']).orderBy(
    'ordinal'
  ).execute()
  t.same(rows.map(row => row.module), ['issue', 'unseen', 'un', 'list_things'])
})

t.test('MODULES that is none stops the start with one message', async t => {
  for (
    const [MODULES, message] of [
      ['{"issues": []}', /MODULES: the module "issues"/],
      ['{"issues"', /MODULES is not valid JSON/],
      ['/nowhere.json', /MODULES \(\/nowhere\.json\) must be JSON/]
    ] as const
  ) {
    await t.rejects(startTestApp(t, { env: { MODULES } }), { code: 'CONFIG_INVALID', message })
  }
})
