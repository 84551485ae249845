import fc from 'fast-check'
import t from 'tap'
import { nameTools } from '../../../src/runner/tools/named-tools.ts'
import { legalName, mapToolNames } from '../../../src/runner/tools/tool-names.ts'
import type { Tool } from '../../../src/runner/tools/toolbox.ts'
import { toolboxOf } from '../../helpers/toolbox.ts'

const LEGAL_FOR_CLAUDE = /^[a-zA-Z0-9_-]{1,64}$/
/** Names close to one another, so that a careless mapping collides at once. */
const close = fc.string({
  unit: fc.constantFrom('a', 'b', '_', '.', '/', '-'),
  minLength: 1,
  maxLength: 6
})
const name = fc.oneof(
  close,
  fc.string({ maxLength: 140, unit: 'grapheme' }),
  fc.stringMatching(/^[A-Za-z0-9_.-]{1,128}$/)
)

t.test('every name becomes one that Claude takes, and the same one every time', async t => {
  fc.assert(fc.property(name, original => LEGAL_FOR_CLAUDE.test(legalName(original))))
  t.equal(legalName('todo_create'), 'todo_create', 'a legal name stays')
  t.equal(legalName('todo.create'), 'todo_create_f93f988f', 'the same in every version')
  t.equal(legalName('x'.repeat(64)), 'x'.repeat(64))
  t.match(legalName('x'.repeat(65)), /^x{55}_[0-9a-f]{8}$/)
  t.match(legalName(''), /^_[0-9a-f]{8}$/)
})

t.test('two names never become one', async t => {
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 40 }), originals => {
      return new Set(originals.map(legalName)).size === originals.length
    }),
    { numRuns: 2000 }
  )
  t.not(legalName('a.b'), legalName('a_b'))
  t.not(legalName(`${'x'.repeat(64)}.a`), legalName(`${'x'.repeat(64)}.b`))
})

t.test('there and back gives the name that the app knows', async t => {
  fc.assert(fc.property(fc.uniqueArray(name, { maxLength: 40 }), originals => {
    const { toLegal, toOriginal, refused } = mapToolNames(originals)
    return refused.length === 0 &&
      originals.every(original => toOriginal.get(toLegal.get(original) ?? '?') === original)
  }))
  t.pass()
})

t.test('an app that names a tool like the mapping of another one loses the later of the two', async t => {
  const clash = legalName('a.b')
  t.same(mapToolNames(['a.b', clash, 'c']).refused, [clash])
  t.same(mapToolNames([clash, 'a.b', 'c']).refused, ['a.b'])
})

const tool = (name: string): Tool => ({
  name,
  description: name,
  inputSchema: { type: 'object' },
  repeatable: false
})
const toolbox = (...names: string[]) =>
  toolboxOf(names.map(tool), () => Promise.reject(new Error('not called')))

t.test('the model sees the tools in the same order however the app lists them', async t => {
  const one = nameTools(toolbox('todo.list', 'a', 'calendar.create'))
  const other = nameTools(toolbox('calendar.create', 'todo.list', 'a'))
  t.same(one.modelTools, other.modelTools)
  t.equal(one.find(legalName('todo.list'))?.name, 'todo.list')
  t.equal(one.find('todo.list'), undefined, 'only by the name that the model was given')
  t.equal(nameTools(toolbox('a.b', legalName('a.b'))).modelTools.length, 1)
})
