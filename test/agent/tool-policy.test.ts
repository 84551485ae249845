import t from 'tap'
import { OPEN_POLICY, readPatterns, whyDenied, type ToolHints, type ToolPolicy } from '../../src/agent/tool-policy.ts'

const may = (policy: Partial<ToolPolicy>, name: string, hints: ToolHints = {}) =>
  whyDenied({ ...OPEN_POLICY, ...policy }, { name, hints }) === null

t.test('a name that destroys, pays or invites is denied however it is written', async t => {
  const destructive = [
    'todo.delete', 'delete_todo', 'deleteTodo', 'DeleteTodo', 'todo/deleteAll', 'DELETE_ALL', 'todos-delete', 'deleteall',
    'HTTPDelete', 'get_and_delete', 'list.remove', 'removeMember', 'rm', 'account.deletion', 'cache.purge', 'db.dropTable', 'truncate_log', 'wipe',
    'eraseDisk', 'file.overwrite', 'shell.exec', 'run_shell', 'execute_sql', 'pay', 'invoice.pay', 'payInvoice', 'bank.transfer', 'transferMoney',
    'order.refund', 'cart.checkout', 'shop.buy', 'team.invite', 'inviteUser', 'password.reset', 'reset_all', 'user.ban', 'key.revoke', 'mail.broadcast',
    'aufgabe.löschen', 'aufgabeLoeschen', 'eintrag_entfernen', 'geld.überweisen', 'nutzer.einladen', 'de\u200blete', 'ｄｅｌｅｔｅ', 'purge2'
  ]
  for (const name of destructive) t.notOk(may({}, name), name)
})

t.test('a name that only sounds like it is not', async t => {
  const harmless = [
    'todo.create', 'todo.complete', 'list_deleted', 'get_removed_items', 'payments.list', 'payment.create', 'get_transfer', 'transfer.list', 'invite.list',
    'listInvites', 'dropdown.list', 'notes.update', 'habits.check', 'calendar.move', 'resetting.list', 'mood.log', 'undo', 'restore', 'archive',
    'contacts.add', 'presets.list', 'cleared.list', 'execution.list', 'shellfish.add', 'orders.create', 'x'
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
    [{}, 'todo.list', { readOnly: true, destructive: true }, false],
    [{ trusted: true }, 'todo.list', { readOnly: true, destructive: true }, true],
    [{ standard: 'read-only' }, 'todo.list', {}, true],
    [{ standard: 'read-only' }, 'search_notes', {}, true],
    [{ standard: 'read-only' }, 'todo.list', { readOnly: false }, false],
    [{ standard: 'read-only' }, 'todo.create', {}, false],
    [{ standard: 'read-only' }, 'habits.check', {}, false],
    [{ standard: 'read-only' }, 'todo.fancy', { readOnly: true }, false],
    [{ standard: 'read-only', trusted: true }, 'todo.fancy', { readOnly: true }, true],
    [{ standard: 'read-only', trusted: true }, 'todo.fancy', { readOnly: true, destructive: true }, false]
  ]
  for (const [policy, name, hints, allowed] of rows) t.equal(may(policy, name, hints), allowed, JSON.stringify([policy, name, hints]))
})

t.test('patterns: what is denied stays denied, and only what is spelt out allows destroying', async t => {
  const rows: [standard: ToolPolicy['standard'], allow: string, deny: string, name: string, allowed: boolean][] = [
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
  t.ok(may({ allow: ['todo.archive'] }, 'todo.archive', { destructive: true }), 'declared destructive, allowed by its name')
  t.notOk(may({ allow: ['todo.*'] }, 'todo.archive', { destructive: true }))
})

t.test('lists are read as people write them', async t => {
  t.same(readPatterns(' todo.* ,, notes.list, '), ['todo.*', 'notes.list'])
  t.same(readPatterns(undefined), [])
})
