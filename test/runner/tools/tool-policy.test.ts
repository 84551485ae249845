import fc from 'fast-check'
import t from 'tap'
import { covers } from '../../../src/runner/modules/tool-pattern.ts'
import {
  hintsSayNothing,
  judgeTool,
  judgeTools,
  OPEN_POLICY,
  readPatterns,
  type JudgedTool,
  type ToolHints,
  type ToolPolicy
} from '../../../src/runner/tools/tool-policy.ts'

const may = (policy: Partial<ToolPolicy>, name: string, hints: ToolHints = {}) =>
  judgeTool({ ...OPEN_POLICY, ...policy }, { name, hints }, []) === null

t.test('a name that destroys, pays or invites is denied however it is written', async t => {
  const destructive = [
    'todo.delete',
    'delete_todo',
    'deleteTodo',
    'DeleteTodo',
    'todo/deleteAll',
    'DELETE_ALL',
    'todos-delete',
    'deleteall',
    'HTTPDelete',
    'get_and_delete',
    'list.remove',
    'removeMember',
    'rm',
    'account.deletion',
    'cache.purge',
    'db.dropTable',
    'truncate_log',
    'wipe',
    'eraseDisk',
    'file.overwrite',
    'shell.exec',
    'run_shell',
    'execute_sql',
    'pay',
    'invoice.pay',
    'payInvoice',
    'bank.transfer',
    'transferMoney',
    'order.refund',
    'cart.checkout',
    'shop.buy',
    'team.invite',
    'inviteUser',
    'password.reset',
    'reset_all',
    'user.ban',
    'key.revoke',
    'mail.broadcast',
    'aufgabe.löschen',
    'aufgabeLoeschen',
    'eintrag_entfernen',
    'geld.überweisen',
    'nutzer.einladen',
    'de\u200blete',
    'ｄｅｌｅｔｅ',
    'purge2'
  ]
  for (const name of destructive) t.notOk(may({}, name), name)
})

t.test('a name that only sounds like it is not', async t => {
  const harmless = [
    'todo.create',
    'todo.complete',
    'list_deleted',
    'get_removed_items',
    'payments.list',
    'payment.create',
    'get_transfer',
    'transfer.list',
    'invite.list',
    'listInvites',
    'dropdown.list',
    'notes.update',
    'habits.check',
    'calendar.move',
    'resetting.list',
    'mood.log',
    'undo',
    'restore',
    'archive',
    'contacts.add',
    'presets.list',
    'cleared.list',
    'execution.list',
    'shellfish.add',
    'orders.create',
    'x'
  ]
  for (const name of harmless) t.ok(may({}, name), name)
})

t.test('what the app declares makes the rule stricter, and less strict only on a trusted server', async t => {
  const rows: [policy: Partial<ToolPolicy>, name: string, hints: ToolHints, allowed: boolean][] = [
    [{}, 'todo.create', { destructive: true }, false],
    [{ trusted: true }, 'todo.create', { destructive: true }, false],
    [{}, 'todo.delete', { destructive: false }, false],
    [{}, 'todo.delete', { readOnly: true }, false],
    [{ trusted: true }, 'todo.delete', { destructive: false }, true],
    [{ trusted: true }, 'reset.preview', { readOnly: true }, true],
    [{}, 'todo.list', { readOnly: true, destructive: true }, true],
    [{}, 'todo.purge', { readOnly: true, destructive: true }, false],
    [{ trusted: true }, 'todo.list', { readOnly: true, destructive: true }, true],
    [{ standard: 'read-only' }, 'todo.list', {}, true],
    [{ standard: 'read-only' }, 'search_notes', {}, true],
    [{ standard: 'read-only' }, 'todo.list', { readOnly: false }, false],
    [{ standard: 'read-only' }, 'todo.create', {}, false],
    [{ standard: 'read-only' }, 'habits.check', {}, false],
    [{ standard: 'read-only' }, 'todo.fancy', { readOnly: true }, false],
    [{ standard: 'read-only', trusted: true }, 'todo.fancy', { readOnly: true }, true],
    [
      { standard: 'read-only', trusted: true },
      'todo.fancy',
      { readOnly: true, destructive: true },
      true
    ],
    [{ standard: 'read-only' }, 'todo.list', { destructive: true }, false]
  ]
  for (const [policy, name, hints, allowed] of rows) {
    t.equal(may(policy, name, hints), allowed, JSON.stringify([policy, name, hints]))
  }
})

t.test('patterns: what is denied stays denied, and only what is spelt out allows destroying', async t => {
  const rows: [
    standard: ToolPolicy['standard'],
    allow: string,
    deny: string,
    name: string,
    allowed: boolean
  ][] = [
    ['allow', '', 'todo.*', 'todo.list', false],
    ['allow', 'todo.list', 'todo.*', 'todo.list', false],
    ['allow', '', 'todo.*', 'notes.list', true],
    ['allow', '', 'TODO.LIST', 'todo.list', false],
    ['allow', '', 'todo', 'todo.list', true],
    ['allow', '', '*.create, *.update', 'todo.update', false],
    ['deny', '', '', 'todo.list', false],
    ['deny', 'todo.*', '', 'todo.create', true],
    ['deny', 'todo.*', '', 'notes.create', false],
    ['deny', 'todo.*', '', 'todoXcreate', false],
    ['read-only', 'todo.create', '', 'todo.create', true],
    ['allow', 'todo.*', '', 'todo.delete', false],
    ['allow', '*', '', 'todo.delete', false],
    ['allow', 'todo.delete', '', 'todo.delete', true],
    ['allow', '*.delete', '', 'todo.delete', true],
    ['allow', '*delete*', '', 'todo.deleteAll', true],
    ['allow', 'todo.delete', '', 'notes.delete', false],
    ['deny', 'todo.delete', '', 'todo.delete', true],
    ['allow', 'todo.delete', '*.delete', 'todo.delete', false]
  ]
  for (const [standard, allow, deny, name, allowed] of rows) {
    const policy = { standard, allow: readPatterns(allow), deny: readPatterns(deny) }
    t.equal(may(policy, name), allowed, JSON.stringify([policy, name]))
  }
  t.ok(
    may({ allow: ['todo.archive'] }, 'todo.archive', { destructive: true }),
    'declared destructive, allowed by its name'
  )
  t.ok(
    may({ allow: ['todo.*'] }, 'todo.archive', { destructive: true }),
    'by a pattern as well, where the name is harmless'
  )
  t.notOk(
    may({ allow: ['todo.*'] }, 'todo.delete', { destructive: true }),
    'but not where the name destroys'
  )
  t.notOk(may({ allow: ['*'], deny: ['todo.archive'] }, 'todo.archive', { destructive: true }))
})

t.test('a pattern with many stars is read piece by piece, and in any time over any name', async t => {
  const expected: [pattern: string, name: string, covered: boolean][] = [
    ['*', '', true],
    ['**', 'x', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*c', 'aXbYc', true],
    ['a*b*c', 'acb', false],
    ['*ab', 'aab', true],
    ['*.a*', 'x.b', false],
    ['a*bc*bc', 'abc', false],
    ['a*bc*bc', 'abcbc', true],
    ['T*O', 'tödo', true]
  ]
  for (const [pattern, name, covered] of expected) {
    t.equal(covers(pattern, name), covered, `${pattern} ${name}`)
  }
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '*', '.', 'ß'), maxLength: 8 })
  const asOne = (pattern: string) =>
    new RegExp(`^${pattern.replaceAll('.', '[.]').replaceAll('*', '.*')}$`, 'isu')
  fc.assert(
    fc.property(
      texts,
      texts,
      (pattern, name) => covers(pattern, name) === asOne(pattern).test(name)
    )
  )
  t.notOk(covers('*a'.repeat(40) + '*b', 'a'.repeat(2000)), 'a name made for it')
})

t.test('lists are read as people write them', async t => {
  t.same(readPatterns(' todo.* ,, notes.list, '), ['todo.*', 'notes.list'])
  t.same(readPatterns(undefined), [])
})

const allowed = (policy: Partial<ToolPolicy>, tools: JudgedTool[]) =>
  judgeTools({ ...OPEN_POLICY, ...policy }, tools).filter(({ denial }) => denial === null).map((
    { tool }
  ) => tool.name)
const declared = (names: string, hints: ToolHints): JudgedTool[] =>
  names.split(' ').map(name => ({ name, hints }))
/** What mcp-go declares of a tool whose author declares nothing. */
const MCP_GO = { readOnly: false, destructive: true }

t.test('where an app declares all its tools destructive, their names decide', async t => {
  const issues = declared('create_issue list_issues get_issue update_issue delete_issue', MCP_GO)
  t.same(allowed({}, issues), ['create_issue', 'list_issues', 'get_issue', 'update_issue'])
  t.same(
    allowed({ standard: 'read-only' }, issues),
    ['list_issues', 'get_issue'],
    'nor is its readOnlyHint: false believed'
  )
  const reads = declared('list_issues get_issue', { readOnly: true, destructive: true })
  t.same(allowed({}, [...reads, ...declared('create_issue', MCP_GO)]), [
    'list_issues',
    'get_issue',
    'create_issue'
  ])
  t.same(
    allowed({}, declared('list_issues purge', MCP_GO)),
    ['list_issues'],
    'a list of two, one of which plainly reads'
  )
  t.same(
    allowed({}, declared('close_account archive', MCP_GO)),
    [],
    'a list of two that may well be so'
  )
})

t.test('from nine in ten on the declaration says nothing', async t => {
  const list = (destructive: number, others: number) =>
    [...Array(destructive + others).keys()].map(i => ({
      name: `tool${i}`,
      hints: i < destructive ? MCP_GO : { readOnly: true }
    }))
  const rows = [[3, 0, true], [9, 1, true], [18, 2, true], [8, 1, false], [17, 2, false], [
    2,
    0,
    false
  ], [0, 5, false]] as const
  for (const [destructive, others, nothing] of rows) {
    t.equal(
      hintsSayNothing(list(destructive, others)),
      nothing,
      `${destructive} of ${destructive + others}`
    )
  }
  t.equal(hintsSayNothing([]), false)
})

/** As @playwright/mcp 0.0.4x declares them. */
const BROWSER: JudgedTool[] = [
  ...declared(
    'browser_snapshot browser_take_screenshot browser_console_messages browser_network_requests browser_wait_for',
    { readOnly: true, destructive: false }
  ),
  ...declared(
    `browser_click browser_type browser_fill_form browser_select_option browser_hover browser_drag browser_navigate browser_navigate_back
browser_press_key browser_tabs browser_handle_dialog browser_evaluate browser_run_code browser_file_upload browser_install browser_close`
      .replace(/\n/g, ' '),
    { readOnly: false, destructive: true }
  )
]

t.test('the preset for browsers allows what a person does in one, and no code, files or installing', async t => {
  const may = allowed({ standard: 'browser' }, BROWSER)
  for (
    const name
      of 'snapshot take_screenshot wait_for click type fill_form select_option hover drag navigate navigate_back press_key tabs handle_dialog'
        .split(' ')
  ) {
    t.ok(may.includes(`browser_${name}`), name)
  }
  for (const name of ['evaluate', 'run_code', 'file_upload', 'install', 'network_requests']) {
    t.notOk(may.includes(`browser_${name}`), name)
  }
  t.same(
    allowed({}, BROWSER).filter(name => /click|type/.test(name)),
    [],
    'which the standard policy hides'
  )
  t.ok(
    allowed({ allow: ['browser_*'] }, BROWSER).includes('browser_click'),
    'a pattern of the operator allows them too'
  )
  const others = declared(
    'puppeteer_click puppeteer_evaluate click take_snapshot evaluate_script upload_file',
    {}
  )
  t.same(allowed({ standard: 'browser' }, others), ['puppeteer_click', 'click', 'take_snapshot'])
  t.notOk(
    allowed({ standard: 'browser', deny: ['browser_tabs'] }, BROWSER).includes('browser_tabs'),
    'TOOL_DENY goes before'
  )
})

t.test('the preset for files allows writing and reading, and neither moving nor deleting', async t => {
  const files = [
    ...declared('read_text_file list_directory search_files get_file_info directory_tree', {
      readOnly: true
    }),
    ...declared('write_file edit_file move_file', { readOnly: false, destructive: true }),
    ...declared('create_directory delete_file', { readOnly: false })
  ]
  t.same(allowed({ standard: 'files' }, files), [
    'read_text_file',
    'list_directory',
    'search_files',
    'get_file_info',
    'directory_tree',
    'write_file',
    'edit_file',
    'create_directory'
  ])
})
