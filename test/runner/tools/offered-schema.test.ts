import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import t from 'tap'
import { checkInput } from '../../../src/runner/tools/input-check.ts'
import {
  offerSchema,
  toAppInput,
  type OfferedSchema
} from '../../../src/runner/tools/offered-schema.ts'

const LEGAL = /^[a-zA-Z0-9_.-]{1,64}$/
const ANY = { type: 'object', additionalProperties: true }
const text = { type: 'string' }

function offered (schema: unknown): OfferedSchema {
  const offer = offerSchema(schema)
  if (typeof offer === 'string') throw new Error(offer)
  return offer
}

t.test('what older drafts and other languages write is read as what is meant', async t => {
  const rows: [what: string, given: unknown, shown: object][] = [
    ['no schema', undefined, { type: 'object' }],
    ['null for a schema', null, { type: 'object' }],
    ['Go: null for an empty list and map', { type: 'object', properties: null, required: null }, {
      type: 'object'
    }],
    [
      'null further down',
      { properties: { a: { type: 'string', enum: null, description: null } } },
      { type: 'object', properties: { a: text } }
    ],
    ['a null that is a value stays', { properties: { a: { const: null }, b: { default: null } } }, {
      type: 'object',
      properties: { a: { const: null }, b: { default: null } }
    }],
    ['one type in a list', { type: ['object'] }, { type: 'object' }],
    ['an object or nothing', { type: ['object', 'null'] }, { type: 'object' }],
    ['draft 4: exclusiveMinimum', {
      properties: {
        a: {
          type: 'number',
          minimum: 1,
          exclusiveMinimum: true,
          maximum: 9,
          exclusiveMaximum: false
        }
      }
    }, { type: 'object', properties: { a: { type: 'number', exclusiveMinimum: 1, maximum: 9 } } }],
    ['draft 4: id and $schema', {
      $schema: 'http://json-schema.org/draft-04/schema#',
      id: 'x',
      properties: { id: text }
    }, { type: 'object', properties: { id: text } }],
    ['draft 4: a tuple', {
      properties: { a: { type: 'array', items: [text], additionalItems: false } }
    }, { type: 'object', properties: { a: { type: 'array', prefixItems: [text], items: false } } }],
    ['draft 4: definitions', {
      properties: { a: { $ref: '#/definitions/t' } },
      definitions: { t: { ...text, required: null } }
    }, {
      type: 'object',
      properties: { a: { $ref: '#/definitions/t' } },
      definitions: { t: text }
    }],
    ['draft 3: required', {
      properties: { a: { type: 'string', required: true }, b: { type: 'any', required: false } }
    }, { type: 'object', properties: { a: text, b: {} }, required: ['a'] }],
    ['named twice', { properties: { a: text }, required: ['a', 'a'] }, {
      type: 'object',
      properties: { a: text },
      required: ['a']
    }]
  ]
  for (const [what, given, shown] of rows) t.same(offered(given).shown, shown, what)
})

t.test('a property named as the provider does not take it is mapped both ways', async t => {
  const schema = {
    properties: {
      'filter[name]': { type: 'string', description: 'Part of a name.' },
      page: { type: 'integer' }
    },
    required: ['filter[name]'],
    additionalProperties: false
  }
  const { shown, checked, renamed, told } = offered(schema)
  const [name = ''] = renamed.keys()
  t.match(name, /^filter_name__[0-9a-f]{8}$/)
  t.same(shown, {
    type: 'object',
    properties: {
      [name]: { type: 'string', description: 'Part of a name. (the app calls it filter[name])' },
      page: { type: 'integer' }
    },
    required: [name],
    additionalProperties: false
  })
  t.equal(told, undefined)
  for (const input of [{ [name]: 'x', page: 1 }, { 'filter[name]': 'x', page: 1 }]) {
    t.same(
      toAppInput(renamed, input),
      { 'filter[name]': 'x', page: 1 },
      'the app gets its own name'
    )
    t.same(checkInput(checked, toAppInput(renamed, input)), [])
  }
  t.match(checkInput(checked, toAppInput(renamed, { page: 1 })), [/filter\[name\]/])
  t.same([...offered(schema).renamed], [...renamed], 'the same names in every run')
})

t.test('where mapping is not simple, or the provider would refuse the schema, any object is taken and the schema told', async t => {
  const odd = { 'filter[name]': text }
  const rows: [what: string, schema: object][] = [
    ['a strange name further down', {
      properties: { filter: { type: 'object', properties: odd } }
    }],
    ['in a list', { properties: { filters: { type: 'array', items: { properties: odd } } } }],
    ['in a definition', {
      properties: { f: { $ref: '#/$defs/f' } },
      $defs: { f: { properties: odd } }
    }],
    ['spoken of by name', { properties: odd, dependentRequired: { 'filter[name]': ['page'] } }],
    ['referred to', { properties: { ...odd, b: { $ref: '#/properties/filter[name]' } } }],
    ['no such type', { properties: { a: { type: 'text' } } }],
    ['a list for a map', { properties: ['a'] }],
    ['a number for a text', { description: 5 }],
    ['a combinator at the top', { anyOf: [{ required: ['a'] }] }],
    ['a schema from elsewhere', { properties: { a: { $ref: 'https://example.org/a.json' } } }]
  ]
  for (const [what, schema] of rows) {
    t.match(offered({ type: 'object', ...schema }), { shown: ANY, told: schema }, what)
  }
  for (
    const broken of [[], 'object', false, { type: 'string' }, { description: 'x'.repeat(200_000) }]
  ) {
    t.type(offerSchema(broken), 'string', JSON.stringify(broken).slice(0, 40))
  }
})

/** Of all properties that a schema made of the words below speaks of. */
function namesIn (schema: unknown): string[] {
  if (schema === null || typeof schema !== 'object') return []
  const { properties = {}, definitions = {}, items, prefixItems = [], anyOf = [] } =
    schema as Record<string, object>
  const below: unknown[] = [properties, definitions, prefixItems, anyOf].flatMap(map =>
    Object.values(map)
  )
  return [...Object.keys(properties), ...[...below, items].flatMap(namesIn)]
}

t.test('whatever an app writes, what is shown is valid and has legal names all the way down', async () => {
  const ajv = new Ajv2020({ strict: false, logger: false, validateFormats: false })
  const names = fc.constantFrom(
    'a',
    'filter[name]',
    '$top',
    'ä',
    '',
    'x'.repeat(65),
    'type',
    'properties',
    'id',
    'required'
  )
  const { schema } = fc.letrec<{ schema: unknown }>(tie => ({
    schema: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, true, 5, text),
      fc.record({
        type: fc.constantFrom<unknown>('object', 'string', 'text', null, ['object'], [
          'null',
          'string'
        ]),
        properties: fc.oneof(fc.constant(null), fc.dictionary(names, tie('schema'))),
        required: fc.constantFrom<unknown>(null, true, 'a', ['a', 'a'], [1]),
        items: fc.oneof(tie('schema'), fc.array(tie('schema'), { maxLength: 2 })),
        minimum: fc.constantFrom<unknown>(1, null, 'x'),
        exclusiveMinimum: fc.constantFrom<unknown>(true, false, 1),
        anyOf: fc.array(tie('schema'), { maxLength: 2 }),
        definitions: fc.dictionary(names, tie('schema')),
        id: fc.constantFrom<unknown>('x', 5),
        $schema: fc.constantFrom<unknown>('http://json-schema.org/draft-04/schema#', null)
      }, { requiredKeys: [] })
    )
  }))
  fc.assert(
    fc.property(schema, given => {
      const offer = offerSchema(given)
      if (typeof offer === 'string') return true
      const isFree = JSON.stringify(offer.shown) === JSON.stringify(ANY)
      const valid = ajv.validateSchema({ ...offer.shown, $schema: undefined }) === true
      return valid && offer.shown.type === 'object' &&
        (isFree || namesIn(offer.shown).every(name => LEGAL.test(name)))
    }),
    { numRuns: 500 }
  )
})
