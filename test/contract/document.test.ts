import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import t from 'tap'
import { startTestApp } from '../helpers/app.ts'

/**
 * The names and types of the original contract in the OpenAPI document, and that its examples are
 * what it says.
 */

const app = await startTestApp(t)
const doc = (await app.inject('/docs/json')).json()
const ajv = new Ajv2020({ strict: false })
addFormats.default(ajv)
for (const name of ['time-zone', 'locale']) ajv.addFormat(name, true)
ajv.addSchema({ $id: 'doc', ...doc })

const schemaAt = (path: string[]) => path.reduce((node, key) => node?.[key], doc)
const pointer = (path: string[]) =>
  `doc#/${
    path.map(key => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
  }`
const resolved = (schema: { $ref?: string }) =>
  schema.$ref === undefined ? schema : schemaAt(schema.$ref.slice(2).split('/'))
const jsonOf = (
  path: string,
  method: string,
  ...part: string[]
) => ['paths', path, method, ...part, 'content', 'application/json']

t.test('who is due has the names and types of the original', async t => {
  const { properties: { personas, serverTime } } = schemaAt([
    ...jsonOf('/api/v1/internal/personas/due', 'get', 'responses', '200'),
    'schema'
  ])
  t.match(serverTime, { type: 'string', format: 'date-time' })
  const { properties, required } = resolved(personas.items)
  t.match(properties, {
    userId: { type: 'string' },
    email: { type: 'string' },
    archetype: { type: 'string' },
    systemPrompt: { type: 'string' },
    moduleMix: { type: 'object' },
    lastActiveAt: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] }
  })
  t.same(new Set(properties.tickCadence.enum), new Set(['daily', 'weekdays', 'hourly']))
  for (
    const name of [
      'userId',
      'email',
      'archetype',
      'systemPrompt',
      'moduleMix',
      'tickCadence',
      'lastActiveAt'
    ]
  ) t.ok(required.includes(name), name)
  t.notOk('cadence' in properties)
})

t.test('what the original posts has its names', async t => {
  for (const what of ['actions', 'feedback']) {
    t.ok(schemaAt(['paths', `/api/v1/internal/personas/{userId}/${what}`, 'post']), what)
  }
  const { properties, required } = schemaAt([
    ...jsonOf('/api/v1/admin/personas', 'post', 'requestBody'),
    'schema'
  ])
  for (
    const name of [
      'email',
      'name',
      'password',
      'archetype',
      'systemPrompt',
      'moduleMix',
      'tickCadence',
      'signUp'
    ]
  ) t.ok(name in properties, name)
  t.same([...required].sort(), ['archetype', 'email', 'systemPrompt'])
  t.equal(properties.password.minLength, 8)
  t.notMatch(JSON.stringify(doc), '"cadence"')
})

t.test('every example is what its schema says', async t => {
  const paths = Object.keys(doc.components.schemas).map(name => ['components', 'schemas', name])
  const checked = new Set<string>()
  for (const path of paths) {
    for (const example of schemaAt(path).examples ?? []) {
      const check = ajv.getSchema(pointer(path))
      t.ok(check?.(example), `${path.join('/')}: ${ajv.errorsText(check?.errors)}`)
      checked.add(path.at(-1) ?? '')
    }
  }
  for (
    const name of [
      'Persona',
      'ActionBatch',
      'FeedbackBatch',
      'Written',
      'FeedbackWritten',
      'AccountInput',
      'SignUpResult'
    ]
  ) t.ok(checked.has(name), name)
  const body = jsonOf('/api/v1/admin/personas', 'post', 'requestBody')
  // Where the OpenAPI plugin puts the only example of a body.
  const { example } = schemaAt(body)
  t.match(example, { password: String, tickCadence: String, signUp: true })
  t.ok(ajv.getSchema(pointer([...body, 'schema']))?.(example), 'of the admin route')
})
