import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { checkInput, hashInput } from '../../../src/runner/tools/input-check.ts'

/** The same value with the keys of all its objects in another order. */
function reordered (value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(reordered)
  return Object.fromEntries(
    Object.entries(value).reverse().map(([key, item]) => [key, reordered(item)])
  )
}

t.test('the same arguments have the same hash however their keys are ordered', async t => {
  fc.assert(fc.property(fc.jsonValue(), value => hashInput(value) === hashInput(reordered(value))))
  t.equal(hashInput({ b: 1, a: { d: 2, c: [3, 4] } }), hashInput({ a: { c: [3, 4], d: 2 }, b: 1 }))
  t.match(hashInput({}), /^[0-9a-f]{32}$/)
})

t.test('other arguments have another hash', async t => {
  const small = fc.json({ maxDepth: 2 }).map(json => JSON.parse(json) as unknown)
  fc.assert(
    fc.property(small, small, (a, b) => (hashInput(a) === hashInput(b)) === isDeepStrictEqual(a, b))
  )
  const all = [
    {},
    [],
    null,
    '',
    0,
    '0',
    { a: 1 },
    { a: '1' },
    { a: [1] },
    { a: null },
    [1, 2],
    [2, 1],
    { a: { b: 1 } },
    { 'a:{"b"': 1 }
  ]
  t.equal(new Set(all.map(hashInput)).size, all.length)
})

const schema = {
  type: 'object',
  properties: {
    title: { type: 'string', minLength: 1 },
    minutes: { type: 'integer', minimum: 5 },
    tags: { type: 'array', items: { type: 'string' } }
  },
  required: ['title'],
  additionalProperties: false
}

t.test('an input that fits passes, one that does not says where', async t => {
  const cases: [input: unknown, problems: RegExp[]][] = [
    [{ title: 'x' }, []],
    [{ title: 'x', minutes: 5, tags: ['a'] }, []],
    [{}, [/^input must have required property 'title'/]],
    [{ title: '' }, [/^title must NOT have fewer than 1 char/]],
    [{ title: 'x', minutes: '5' }, [/^minutes must be integer/]],
    [{ title: 'x', tags: ['a', 2] }, [/^tags\/1 must be string/]],
    [{ title: 'x', more: 1 }, [/^input must NOT have additional properties/]],
    ['title', [/must be an object/]],
    [null, [/must be an object/]],
    [[], [/must be an object/]],
    [undefined, [/must be an object/]]
  ]
  for (const [input, problems] of cases) {
    const found = checkInput(schema, input)
    t.equal(found.length, problems.length, JSON.stringify(input))
    problems.forEach((problem, i) => t.match(found[i], problem))
  }
})

t.test('only the first three problems are told', async t => {
  t.equal(checkInput(schema, { minutes: 1, tags: [1, 2, 3, 4], other: 1, another: 2 }).length, 3)
})

t.test('where a schema cannot be understood, the app is the one to judge', async t => {
  const bad: Record<string, unknown>[] = [
    { type: 'object', properties: 'x' },
    { type: 'objekt' },
    { type: 'object', properties: { a: { $ref: 'https://example.org/remote.json' } } },
    { type: 'object', properties: { a: { $ref: '#/$defs/missing' } } },
    { type: 'object', properties: { a: { pattern: '(' } } },
    { type: 'object', required: [1] }
  ]
  for (const schema of bad) {
    t.same(checkInput(schema, { a: 1 }), [], JSON.stringify(schema))
    t.same(checkInput(schema, 'x'), ['the input must be an object'], 'but an object it must be')
  }
})

t.test('schemas of other drafts, with the same id or asynchronous are checked as well', async t => {
  const $schema = 'http://json-schema.org/draft-07/schema#'
  const odd = [{ $id: 'https://a' }, { $id: 'https://a' }, { $id: 'https://b', $async: true }, {
    $id: 'x',
    unknownWord: 1
  }]
  for (const each of odd.map(rest => ({ $schema, ...schema, ...rest }))) {
    t.same(checkInput(each, { title: 'x' }), [])
    t.equal(checkInput(each, {}).length, 1)
  }
  const properties = { a: { $ref: '#/definitions/text' } }
  const definitions = { type: 'object', properties, definitions: { text: { type: 'string' } } }
  t.equal(checkInput(definitions, { a: 1 }).length, 1)
})

t.test('a pattern that would take years over a text is given up, and the others still count', async t => {
  const text = 'a'.repeat(60) + '!'
  for (const pattern of ['^(a+)+$', '^(a|a)*$', '^(a|aa)+$', '^(a*)*b$', '^([a-z]+)*\\d$']) {
    const hostile = {
      type: 'object',
      properties: { a: { pattern }, b: { pattern: '^x' } },
      patternProperties: { [pattern]: {} }
    }
    t.same(
      checkInput(hostile, { a: text, b: 'y', [text]: 1 }),
      ['b must match pattern "^x"'],
      pattern
    )
  }
  const list = {
    type: 'object',
    properties: { a: { type: 'array', items: { pattern: '^(a+)+$' } } }
  }
  t.same(
    checkInput(list, { a: Array.from({ length: 1000 }, () => text) }),
    [],
    'once for a whole list'
  )
})
