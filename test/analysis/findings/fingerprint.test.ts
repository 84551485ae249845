import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { fingerprintOf } from '../../../src/analysis/findings/fingerprint.ts'
import { NO_MESSAGE, templateOf } from '../../../src/analysis/findings/template.ts'
import { GOLDEN } from '../../runner/blame/blame-golden.ts'

/** By the name of a group, messages that tell of the same trouble; grouped by hand. */
const groups = JSON.parse(
  readFileSync(new URL('fingerprints.json', import.meta.url), 'utf8')
) as Record<string, string[]>
const messages = Object.entries(groups).flatMap(([group, texts]) =>
  texts.map(text => ({ group, text, template: templateOf(text) }))
)

t.test('the golden list is large, and no message is in it twice', async t => {
  t.ok(messages.length >= 220, `${messages.length} messages`)
  t.equal(new Set(messages.map(({ text }) => text)).size, messages.length)
})

t.test('precision and recall over the pairs of the golden list', async t => {
  const pairs = messages.flatMap((a, i) => messages.slice(0, i).map(b => ({ a, b })))
  const together = pairs.filter(({ a, b }) => a.template === b.template)
  const belong = pairs.filter(({ a, b }) => a.group === b.group)
  const right = together.filter(({ a, b }) => a.group === b.group)
  t.ok(belong.length > 150, `${belong.length} pairs belong together`)
  const wrong = together.filter(pair => !right.includes(pair))
  t.ok(right.length / together.length >= 0.95, JSON.stringify(wrong.slice(0, 9)))
  const missed = belong.filter(pair => !right.includes(pair))
  t.ok(right.length / belong.length >= 0.95, JSON.stringify(missed.slice(0, 9)))
})

const TABLE: [message: string | null, template: string][] = [
  [null, NO_MESSAGE],
  ['  \n ', NO_MESSAGE],
  [
    'The phone number "030 1" is not in E.164 format.',
    'The phone number <text> is not in E.164 format'
  ],
  ['CAL-500: calendar is broken', 'CAL-500: calendar is broken'],
  ['took 30000ms of 2.5 s', 'took <number>ms of <number>s'],
  ["can't open user's list", "can't open user's list"],
  ['403 API rate limit exceeded for user ID 1', '403 API rate limit exceeded for user ID <number>'],
  ['value too long for type varchar(40)', 'value too long for type varchar(40)'],
  ['{"title":["This field is required."]}', 'title: This field is required'],
  ['{"statusCode":400,"message":["title must be a string"]}', '400: title must be a string'],
  ['{"a":{"b":{"c":1}},"tr', 'a: b: c: <number>'],
  ['ids 1, 2, 3 and 4 are gone', 'ids <number> are gone'],
  ['GET https://x.test/a?b=1 failed with 503', 'GET <url> failed with 503'],
  ['nginx/1.25.3 said 17 times', 'nginx/<version> said <number> times']
]

t.test('a template reads like the message', async t => {
  for (const [message, template] of TABLE) t.equal(templateOf(message), template)
})

t.test('what real servers say keeps its words', async t => {
  for (const { words } of GOLDEN.filter(({ words }) => /^(?=.*\p{L})[\p{L} ,.:-]+$/u.test(words))) {
    t.equal(
      templateOf(words),
      words.replace(/\s+/g, ' ').replace(/^(?:error|fehler|fatal): /i, '').replace(/[.!…: ]+$/, '')
    )
  }
})

t.test('the same trouble with other ids, times and amounts is the same', async () => {
  const day = fc.date({ min: new Date(0), max: new Date('2099-01-01'), noInvalidDate: true })
  const values = fc.record({
    n: fc.nat(),
    id: fc.uuid(),
    at: day.map(at => at.toISOString()),
    hash: fc.stringMatching(/^[0-9a-f]{40}$/),
    mail: fc.emailAddress().filter(mail => /^[\w.+-]+@[\w-]+(\.[\w-]+)+$/.test(mail)),
    price: fc.nat({ max: 9999 }).map(cents => `${(cents / 100).toFixed(2)} EUR`),
    name: fc.stringMatching(/^[a-z ]{1,30}$/)
  })
  const message = (v: { [key: string]: string | number }) =>
    `Entry ${v.n} of list ${v.id} (${v.price}) by ${v.mail} is locked since ${v.at}, see ${v.hash}: "${v.name}"`
  await fc.assert(
    fc.asyncProperty(
      values,
      values,
      async (a, b) => templateOf(message(a)) === templateOf(message(b))
    )
  )
})

t.test('another code is another trouble', async () => {
  const shapes = [
    (n: number) => `HTTP ${n}`,
    (n: number) => `Request failed with status code ${n}`,
    (n: number) => `Upload failed (CAL-${n})`,
    (n: number) => `ORA-00${n}: broken`,
    (n: number) => `ERROR ${n} (42000): broken`,
    (n: number) => `{"code":${n},"message":"broken"}`,
    (n: number) => `MCP error -32${n}: broken`
  ]
  const code = fc.integer({ min: 400, max: 599 })
  await fc.assert(
    fc.asyncProperty(
      code,
      code,
      fc.constantFrom(...shapes),
      async (a, b, shape) => (templateOf(shape(a)) === templateOf(shape(b))) === (a === b)
    )
  )
})

t.test('any message has a short template of one line', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 3000 }), async message => {
      const template = templateOf(message)
      return template.length <= 250 && template !== '' && !/[\n\0]/.test(template)
    })
  )
})

t.test('of a message of a megabyte only its beginning and its end are read', async t => {
  for (const part of ['"', 'a1', '1.', "'", ' at a (', '{"', '[{"a":', '<', 'File "', ')=(', '„']) {
    const long = part.repeat(Math.ceil(1_000_000 / part.length)).slice(0, 1_000_000)
    t.equal(templateOf(long), templateOf(`${long.slice(0, 6000)}\n${long.slice(-2000)}`), part)
  }
})

t.test('the key tells apart what the template cannot', async t => {
  const one = {
    app: 'home',
    kind: 'error',
    module: 'todo',
    tool: 'todo.create',
    blame: 'app',
    message: 'No todo has the id "t_1".'
  }
  const { key, template } = fingerprintOf(one)
  t.match(key, /^[0-9a-f]{16}$/)
  t.equal(template, 'No todo has the id <text>')
  t.equal(fingerprintOf({ ...one, message: 'No todo has the id "t_2".' }).key, key)
  for (const other of ['app', 'kind', 'module', 'tool', 'blame', 'message']) {
    t.not(fingerprintOf({ ...one, [other]: 'other' }).key, key, other)
  }
})
