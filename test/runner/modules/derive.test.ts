import fc from 'fast-check'
import t from 'tap'
import { deriveModules, moduleByName } from '../../../src/runner/modules/derive.ts'
import { idlePatterns, moduleByRules, readModuleRules } from '../../../src/runner/modules/rules.ts'

const grouped = (tools: string[], known = new Map<string, string>()) =>
  Object.fromEntries(
    [...Map.groupBy([...deriveModules(tools, known)], ([, module]) => module)].sort(([a], [b]) =>
      a < b ? -1 : 1
    )
      .map(([module, pairs]) => [module, pairs.map(([tool]) => tool)])
  )

const MEMORY = [
  'create_entities',
  'create_relations',
  'add_observations',
  'delete_entities',
  'delete_observations',
  'delete_relations',
  'read_graph',
  'search_nodes',
  'open_nodes'
]
const FILES = [
  'read_file',
  'read_text_file',
  'read_media_file',
  'read_multiple_files',
  'write_file',
  'edit_file',
  'create_directory',
  'list_directory',
  'list_directory_with_sizes',
  'directory_tree',
  'move_file',
  'search_files',
  'get_file_info',
  'list_allowed_directories'
]
const BROWSER = [
  'browser_click',
  'browser_close',
  'browser_console_messages',
  'browser_drag',
  'browser_evaluate',
  'browser_file_upload',
  'browser_fill_form',
  'browser_handle_dialog',
  'browser_hover',
  'browser_navigate',
  'browser_navigate_back',
  'browser_network_requests',
  'browser_press_key',
  'browser_resize',
  'browser_select_option',
  'browser_snapshot',
  'browser_tabs',
  'browser_take_screenshot',
  'browser_type',
  'browser_wait_for'
]
const GITHUB = [
  'create_issue',
  'list_issues',
  'get_issue',
  'update_issue',
  'add_issue_comment',
  'get_issue_comments',
  'search_issues',
  'create_pull_request',
  'get_pull_request',
  'list_pull_requests',
  'merge_pull_request',
  'get_pull_request_files',
  'update_pull_request_branch',
  'create_repository',
  'fork_repository',
  'search_repositories',
  'list_commits',
  'get_commit',
  'list_branches',
  'create_branch',
  'list_notifications',
  'dismiss_notification',
  'get_notification_details',
  'list_workflows',
  'run_workflow',
  'get_workflow_run',
  'list_tags',
  'get_tag'
]

t.test('the modules that a person expects of public servers', async t => {
  t.same(Object.keys(grouped(MEMORY)), ['entity', 'graph', 'node', 'observation', 'relation'])
  t.same(Object.keys(grouped(FILES)), ['directory', 'file'])
  t.same(grouped(FILES).directory, [
    'create_directory',
    'directory_tree',
    'list_allowed_directories',
    'list_directory',
    'list_directory_with_sizes'
  ])
  t.same(grouped(BROWSER), { browser: [...BROWSER].sort() })
  const github = grouped(GITHUB)
  t.same(github.issue?.length, 7)
  t.same(github['pull request']?.length, 6)
  t.same(Object.keys(github), [
    'branch',
    'commit',
    'issue',
    'notification',
    'pull request',
    'repository',
    'tag',
    'workflow'
  ])
  t.same(Object.keys(grouped(['listPullRequests', 'getPullRequest', 'createIssue'])), [
    'issue',
    'pull request'
  ])
  t.same(grouped(['todo.create', 'todo.list', 'notes/add', 'mail:send']), {
    mail: ['mail:send'],
    notes: ['notes/add'],
    todo: ['todo.create', 'todo.list']
  })
  t.same(
    grouped(['echo', 'get']),
    { echo: ['echo'], get: ['get'] },
    'a verb alone is its own module'
  )
})

t.test('the order of tools does not matter, and a new tool moves no other', async t => {
  const all = [...MEMORY, ...FILES, ...GITHUB]
  fc.assert(
    fc.property(
      fc.shuffledSubarray(all, { minLength: 1 }),
      fc.constantFrom(...all),
      (tools, added) => {
        const before = deriveModules(tools, new Map())
        const other = deriveModules(tools.toReversed(), new Map())
        for (const [tool, module] of before) {
          if (other.get(tool) !== module) {
            throw new Error(
              `${tool}: ${module} or ${other.get(tool)}`
            )
          }
        }
        const after = deriveModules([...tools, added], before)
        for (const tool of after.keys()) {
          if (before.has(tool)) throw new Error(`${tool} was given a module again`)
        }
      }
    ),
    { numRuns: 500 }
  )
  t.same(
    deriveModules(['close_issue', 'list_labels'], new Map([['create_issue', 'issue']])),
    new Map([['close_issue', 'issue'], ['list_labels', 'label']])
  )
  t.equal(moduleByName('todo.create'), 'todo')
  t.equal(moduleByName('create_issue'), 'create_issue')
})

t.test('rules of an operator: the first pattern that covers a tool decides', async t => {
  const rules = readModuleRules({ search: ['search_*', '*find*'], issues: ['*issue*'] }, 'MODULES')
  t.equal(moduleByRules(rules, 'search_issues'), 'search')
  t.equal(moduleByRules(rules, 'create_issue'), 'issues')
  t.equal(moduleByRules(rules, 'echo'), undefined)
  t.same(idlePatterns(rules, ['search_issues']), ['*find*'])
  t.equal(
    moduleByRules(readModuleRules({ a: ['x.y(z)'] }, 'MODULES'), 'x.y(z)'),
    'a',
    'only * is special'
  )
})

t.test('rules that are none are refused by name, with the way out', async t => {
  const table: [unknown, RegExp][] = [
    ['x', /MODULES must be a JSON object/],
    [[], /JSON object/],
    [{ issues: 'x' }, /"issues" must have a list/],
    [{ issues: [] }, /not an empty one/],
    [{ issues: [''] }, /is no pattern/],
    [{ issues: [1] }, /1 of the module "issues" is no pattern/],
    [{ 'a/b': ['x'] }, /"a\/b" cannot be a module/],
    [{ __parse: ['x'] }, /"__parse" cannot be a module/],
    [{ a: ['x'], b: ['x'] }, /"x" stands in the modules "a" and "b"/]
  ]
  for (const [value, message] of table) {
    t.throws(() => readModuleRules(value, 'MODULES'), { code: 'CONFIG_INVALID', message })
  }
})
