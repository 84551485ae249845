import { APP_NAME } from '../../src/personas/app-name.ts'
import { APP_URL } from '../../src/runner/apps/schemas.ts'
import type { Dice } from './dice.ts'

/**
 * Values for JSON Schemas as they stand in our OpenAPI document: mostly right, sometimes nearly
 * right, sometimes nonsense.
 */

export interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  format?: string
  pattern?: string
  properties?: Record<string, Schema>
  patternProperties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  maxItems?: number
}

export interface ValueOptions {
  dice: Dice
  resolve(ref: string): Schema
  /**
   * Values that earlier answers held, such as ids: what is there already is where the trouble is.
   */
  known: string[]
  /** How often a value is not what its schema asks for. */
  wrong: number
}

const NASTY_TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\u202e',
  '\ufeff',
  '😀'.repeat(20),
  'x'.repeat(300),
  'x'.repeat(30_000),
  "'; DROP TABLE runs; --",
  '%',
  '%_%',
  '\\',
  '../../etc/passwd',
  '<script>alert(1)</script>',
  '{{7*7}}',
  '__proto__',
  'constructor',
  'null',
  'undefined',
  'NaN',
  '-1',
  '1e999',
  '0x10',
  '٣',
  'ß',
  '\r\nX: y',
  '0000-00-00T00:00:00Z',
  '9999-12-31T23:59:60Z',
  '+275760-09-13T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '{"a":1}',
  '[]',
  'true'
]
const NASTY_VALUES = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  -0,
  Number.MAX_SAFE_INTEGER + 2,
  2 ** 31,
  [],
  {},
  [[]],
  [null],
  { __proto__x: 1 },
  ''
]
const FORMATS: Record<string, string[]> = {
  email: [
    'mara@personas.test',
    'a@b.test',
    "o'hara+x@sub.domain.test",
    `${'x'.repeat(60)}@long.test`
  ],
  'date-time': [
    '2026-11-23T08:00:00Z',
    '2026-11-23T08:00:00.123456+05:30',
    '1970-01-01T00:00:00Z',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '2016-12-31T23:59:60Z',
    '0000-01-01T00:00:00Z'
  ],
  date: ['2026-11-23', '2024-02-29'],
  uuid: [
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '0193b5a0-7e1c-7000-8000-000000000001'
  ],
  'time-zone': [
    'Europe/Berlin',
    'UTC',
    'Pacific/Chatham',
    'EST5EDT',
    'Etc/GMT+12',
    'America/Argentina/ComodRivadavia'
  ],
  locale: ['de', 'en-GB', 'zh-Hant-TW', 'x-private', 'de-DE-u-co-phonebk']
}

export function valueFor (schema: Schema, options: ValueOptions, depth = 0): unknown {
  const { dice } = options
  if (schema.$ref !== undefined) return valueFor(options.resolve(schema.$ref), options, depth)
  if (dice.chance(options.wrong)) return wrongValue(options)
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return dice.pick(schema.enum)
  if (schema.anyOf !== undefined) return valueFor(dice.pick(schema.anyOf), options, depth)
  if (Array.isArray(schema.type)) {
    return valueFor({ ...schema, type: dice.pick(schema.type) }, options, depth)
  }
  switch (schema.type) {
    case 'object':
      return objectFor(schema, options, depth)
    case 'array':
      return Array.from(
        { length: lengthFor(schema.maxItems ?? 3, dice) },
        () => valueFor(schema.items ?? {}, options, depth + 1)
      )
    case 'string':
      return textFor(schema, options)
    case 'integer':
    case 'number':
      return numberFor(schema, dice)
    case 'boolean':
      return dice.chance(0.5)
    case 'null':
      return null
    default:
      return depth > 3 ? null : wrongValue(options)
  }
}

export function wrongValue ({ dice }: ValueOptions): unknown {
  return dice.chance(0.5) ? dice.pick(NASTY_TEXTS) : dice.pick(NASTY_VALUES)
}

export const nastyText = (dice: Dice) => dice.pick(NASTY_TEXTS)

/** Short ones, and now and then as many as may be, or one more. */
function lengthFor (most: number, dice: Dice): number {
  return dice.chance(0.03) ? most + dice.between(0, 1) : dice.between(0, Math.min(most, 3))
}

function objectFor (schema: Schema, options: ValueOptions, depth: number): Record<string, unknown> {
  const { dice } = options
  const entries = Object.entries(schema.properties ?? {})
    .filter(([name]) =>
      dice.chance(schema.required?.includes(name) === true ? 1 - options.wrong / 2 : 0.5)
    )
    .map(([name, property]): [string, unknown] => [name, valueFor(property, options, depth + 1)])
  for (const value of Object.values(schema.patternProperties ?? {})) {
    for (let i = 0; i < lengthFor(5, dice); i++) {
      entries.push([
        dice.pick(['todo', 'journal', 'habits', 'm-1', 'X_y']),
        valueFor(value, options, depth + 1)
      ])
    }
  }
  if (dice.chance(options.wrong / 2)) {
    entries.push([dice.pick(NASTY_TEXTS), dice.pick(NASTY_VALUES)])
  }
  return Object.fromEntries(entries)
}

/** Mostly what fits: a name or an address at random hardly ever does. */
export const APP_NAMES = ['main', 'main', 'shop', 'shop', 'desk', 'a-1']
const PATTERNS = new Map<string, string[]>([
  ['^[1-9]\\d{0,17}$', ['1', '2', '3', '4', '999']],
  [APP_NAME, APP_NAMES],
  [APP_URL, [
    'http://127.0.0.1:9/mcp',
    'http://127.0.0.1:9/mcp',
    'https://[::1]/mcp',
    'https://[::1]/mcp',
    'http://169.254.169.254/',
    'http://a:b@localhost/',
    'http://256.1.1.1/'
  ]]
])

function textFor (schema: Schema, { dice, known }: ValueOptions): string {
  const { format, pattern, minLength = 0, maxLength = 50 } = schema
  const ofFormat = format === undefined ? undefined : FORMATS[format]
  if (ofFormat !== undefined && dice.chance(0.8)) return dice.pick(ofFormat)
  const ofPattern = pattern === undefined ? undefined : PATTERNS.get(pattern)
  if (ofPattern !== undefined && dice.chance(0.9)) return dice.pick(ofPattern)
  if (known.length > 0 && dice.chance(0.4)) return dice.pick(known)
  if (dice.chance(0.3)) return dice.pick(NASTY_TEXTS).slice(0, maxLength)
  if (dice.chance(0.05)) return 'y'.repeat(maxLength + dice.between(0, 1))
  return dice.pick(['todo', 'journal', 'todo.create', 'notes', 'Mara', 'tick-1', 'a', '#1 war gut'])
    .padEnd(minLength, 'z').slice(0, maxLength)
}

function numberFor ({ type, minimum, maximum, exclusiveMinimum }: Schema, dice: Dice): number {
  const from = minimum ?? exclusiveMinimum ?? -5
  const to = maximum ?? from + 1000
  if (dice.chance(0.2)) return dice.pick([from, to, from - 1, to + 1])
  const value = from + dice.roll() * Math.min(to - from, 1000)
  return type === 'integer' ? Math.ceil(value) : value
}
