import t from 'tap'
import { covers } from '../../../src/runner/modules/tool-pattern.ts'

t.test('a star stands for anything, everything else for itself', async t => {
  const table: [pattern: string, name: string, covered: boolean][] = [
    ['todo.*', 'todo.create', true],
    ['todo.*', 'todo', false],
    ['todo.*', 'mytodo.create', false],
    ['*issue*', 'list_Issues', true],
    ['*issue*', 'list_pulls', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['*', '', true],
    ['read', 'read', true],
    ['read', 'readme', false],
    ['a.c', 'abc', false]
  ]
  for (const [pattern, name, covered] of table) {
    t.equal(covers(pattern, name), covered, `${pattern} and ${name}`)
  }
})

t.test('a pattern of many stars ends over a name that is made for it', async t => {
  t.equal(covers(`${'*a'.repeat(100)}*b`, 'a'.repeat(5000)), false)
})
