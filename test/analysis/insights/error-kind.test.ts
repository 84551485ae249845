import fc from 'fast-check'
import t from 'tap'
import { kindOfError, REPLACEMENTS } from '../../../src/analysis/insights/error-kind.ts'

const TABLE: [message: string | null, kind: string, what: string][] = [
  [null, 'no message', 'nothing'],
  ['  \n ', 'no message', 'blanks'],
  ['Not found', 'Not found', 'a plain message stays'],
  ['Task 4711 not found', 'Task <n> not found', 'a number'],
  ['took 30000ms of 2.5 s', 'took <n>ms of <n> s', 'numbers with units and fractions'],
  ['below -5', 'below <n>', 'a negative number'],
  ['CAL-500: calendar is broken', 'CAL-<n>: calendar is broken', 'a number in a code'],
  ['task 7f8b2c9e-0d1a-4b5c-8d7e-1234567890ab is gone', 'task <id> is gone', 'a uuid'],
  ['no row tick_01ab', 'no row <id>', 'a prefixed id'],
  ['commit 9fceb02d0ae598e9', 'commit <id>', 'a hash'],
  ['event 01HZX3V8Q6T7N2M4K5J6H7G8F9', 'event <id>', 'a ULID'],
  ['title "Milch kaufen" is taken', 'title <text> is taken', 'a quoted string'],
  ['Titel „Milch kaufen“ ist vergeben', 'Titel <text> ist vergeben', 'German quotation marks'],
  ["field 'due' is missing", 'field <text> is missing', 'single quotes'],
  ["can't open user's list", "can't open user's list", 'apostrophes are none'],
  ['due 2026-11-23T08:00:00.000Z is past', 'due <date> is past', 'an instant'],
  ['due 2026-11-23 is past', 'due <date> is past', 'a date'],
  ['fällig am 23.11.2026 um 08:15', 'fällig am <date> um <date>', 'a German date and a time'],
  ['mara@personas.test has no account', '<email> has no account', 'an address'],
  ['GET https://app.test/x/9?y=1 failed', 'GET <url> failed', 'a URL'],
  ['HTTP 503', 'HTTP 503', 'a status is the kind of the error'],
  [
    'failed with status code 404 for 17',
    'failed with status code 404 for <n>',
    'and other numbers beside it are not'
  ],
  [
    'MCP error -32602: Invalid arguments',
    'MCP error -32602: Invalid arguments',
    'a code of JSON-RPC'
  ],
  ['two\nlines', 'two lines', 'one line']
]

t.test('messages of one kind differ only in what is particular', async t => {
  for (const [message, kind, what] of TABLE) t.equal(kindOfError(message), kind, what)
})

t.test('the same trouble with other numbers and ids is the same kind', async () => {
  await fc.assert(fc.asyncProperty(fc.nat(), fc.nat(), fc.uuid(), fc.uuid(), async (a, b, x, y) => {
    const message = (n: number, id: string) =>
      `Entry ${n} of list ${id} is locked since 2026-0${n % 9 + 1}-01`
    return kindOfError(message(a, x)) === kindOfError(message(b, y))
  }))
})

t.test('whatever the message, the kind is short and one line', async t => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 2000 }), async message => {
      const kind = kindOfError(message)
      return Buffer.byteLength(kind) <= 200 && kind !== '' && !/[\n\0]/.test(kind)
    })
  )
  for (const part of ['"', 'a1', '1.', "'", 'a_', '://', '@a.', '1:2']) {
    t.ok(Buffer.byteLength(kindOfError(part.repeat(1_000_000))) <= 200, part)
  }
})

t.test('what is told by a pattern has what the pattern needs', async () => {
  const pieces = fc.constantFrom(
    'a',
    'f',
    'Z',
    '0',
    '7',
    '12',
    '2026',
    'abcdef01',
    '-',
    '.',
    '/',
    ':',
    '://',
    '@',
    '_',
    ' ',
    '"',
    "'",
    '„',
    '“',
    '”',
    '»',
    '«',
    '`',
    '‚',
    '‘',
    '’',
    '2026-11-23',
    '23.11.2026',
    '08:15',
    '9fceb02d0ae598e9',
    '7f8b2c9e-0d1a-4b5c-8d7e-1234567890ab'
  )
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 12 }), async parts => {
      const text = parts.join('')
      return REPLACEMENTS.every(({ needs, pattern }) =>
        needs.test(text) || text.replace(pattern, '') === text
      )
    }),
    { numRuns: 2000 }
  )
})
