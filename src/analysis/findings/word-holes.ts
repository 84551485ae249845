import {
  BEFORE_BARE_CODE,
  BEFORE_BARE_NAME,
  BEFORE_CODE,
  BEFORE_STATUS,
  BEFORE_VERSION,
  CODE,
  COUNTED,
  FILE_TYPES,
  NO_FILE,
  REASONS,
  STANDARD,
  STANDARD_BODIES,
  TYPES,
  WORDS
} from './known-words.ts'

/** What a word of a message is: a word, a code, or a value, which is a hole. Pure. */

export interface Around {
  /** The word before, and the marks between both. */
  before: string
  marksBefore: string
  after: string
  marksAfter: string
  /** Whether a statement of SQL is in the message, whose `$1` is no price. */
  isSql: boolean
}

const WHOLE: [hole: string, pattern: RegExp][] = [
  ['<uuid>', /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i],
  ['<email>', /^[^\s@:/]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}$/],
  [
    '<time>',
    /^\d{4}-\d{2}-\d{2}[T_]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?$/
  ],
  ['<time>', /^\d{8}T\d{4,6}Z?$/],
  ['<time>', /^\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2}|[ap]m)?$/i],
  ['<time>', /^P(?=[\dT])(?:\d{1,9}[YMWD]){0,4}(?:T(?:\d{1,9}(?:\.\d{1,9})?[HMS]){1,3})?$/],
  ['<date>', /^\d{4}(?:-\d{2}-\d{2}|\/\d{2}\/\d{2}|\.\d{2}\.\d{2}|-W\d{2})$/],
  ['<date>', /^\d{1,2}\.\d{1,2}\.\d{2}(?:\d{2})?$/],
  ['<date>', /^\d{1,2}\/\d{1,2}\/\d{2}(?:\d{2})?$/],
  ['<number>', /^[-+]?\d{1,3}(?:[.,'’]\d{3}){1,9}(?:[.,]\d{1,9})?$/],
  ['<ip>', /^(?:[\da-f]{1,4}:){7}[\da-f]{1,4}$/i],
  ['<ip>', /^(?=.*::)(?=.*[\da-f])[\da-f:]{3,39}(?:\/\d{1,3})?$/i],
  ['<id>', /^(?:[\da-f]{2}[:-]){5}[\da-f]{2}$/i],
  ['<version>', /^v?\d{1,9}\.\d{1,9}\.\d{1,9}(?:[-+][\w.+-]{1,60})?$/i],
  ['<version>', /^v\d{1,4}(?:\.\d{1,9}){0,3}$/i],
  ['<amount>', /^(?:[€£¥]|[A-Z]{0,2}\$)[-+]?\d[\d.,]{0,30}$/],
  ['<amount>', /^[-+]?\d[\d.,]{0,30}(?:€|\$|£|¥|EUR|USD|CHF|GBP)$/],
  ['<number>', /^[-+]?\d{1,99}(?:[.,]\d{1,99}){0,99}$/],
  ['<number>%', /^[-+]?\d[\d.,]{0,30}%$/],
  ['<hash>', /^(?:(?:sha\d{1,3}|md5)[:-])?(?:[\da-f]{32}|[\da-f]{40}|[\da-f]{56}|[\da-f]{64})$/i],
  ['<hash>', /^(?:sha\d{1,3}[:-])?(?:[\da-f]{96}|[\da-f]{128})$/i],
  ['<hash>', /^sha\d{1,3}-[\w+/=]{20,100}$/],
  ['<id>', /^eyJ[\w-]{4,2000}(?:\.[\w-]{1,2000}){0,2}$/],
  ['<path>', /^(?:~|\.{1,2})?\/(?=.*\p{L}).+$/u],
  ['<path>', /^[A-Za-z]:\\.*$/]
]
const IP = /^(?:\d{1,3}\.){3}\d{1,3}(?:\/\d{1,2})?(?::(\d{1,5}))?$/
const HOST = /^((?:localhost|[a-z][\w-]{0,62}(?:\.[\w-]{1,62}){1,6})):(\d{1,5})$/i
/** Above it ports are given out for one connection. */
const FIRST_PASSING_PORT = 32_768
const UNIT =
  /^[-+]?\d[\d.,]{0,30}((?:[µnm]?s|sec|secs|min|mins|h|hrs|d|[kKMGT]i?[Bb]|[Bb]|px|pt|°C?|km|m|cm|mm|kg|g|x|k|M|st|nd|rd|th))$/
/** `nginx/1.25.3`, `left-pad@1.3.0` */
const PRODUCT = /^([a-z][a-z-]{0,40}[/@])v?\d{1,9}(?:\.\d{1,9}){1,3}$/i
const DURATION = /^(?:\d{1,9}(?:\.\d{1,9})?(?:h|ms|m|µs|s)){2,6}$/
const RESULT_CODE = /^0x[8C]0[\da-f]{6}$/i
const MAX_WORD = 300

/** The word as it stands in the template. */
export function wordHole (word: string, around: Around): string {
  if (!/\d/.test(word)) return withoutDigits(word)
  if (word.length > MAX_WORD) return '<text>'
  return kept(word, around) ?? whole(word, around) ?? parts(word, around)
}

function withoutDigits (word: string): string {
  const found = WHOLE.find(([, pattern]) => pattern.test(word.slice(0, MAX_WORD)))
  if (found !== undefined) return found[0]
  return FILE_TYPES.test(word) && !NO_FILE.test(word) ? '<path>' : word
}

/** Codes and standards, and words that have a digit. */
function kept (word: string, around: Around): string | null {
  if (isStandard(word) || isCodeHere(word, around) || RESULT_CODE.test(word)) return word
  if (STANDARD_BODIES.has(around.before) && /^[\d.-]+$/.test(word)) return word
  if (around.isSql && /^\$\d{1,3}$/.test(word)) return word
  // `varchar(255)`: the schema's
  if (around.marksBefore === '(' && TYPES.has(around.before.toLowerCase())) return word
  const isBareName = BEFORE_BARE_NAME.has(around.before.toLowerCase()) &&
    /^[a-z]\w{0,40}_\d{1,3}$/i.test(word)
  return isBareName ? word : null
}

function isStandard (word: string): boolean {
  if (STANDARD.test(word) || WORDS.has(word.toLowerCase()) || COUNTED.test(word)) return true
  // `E.164-Format`, `ISO-8601-Datum`
  const dash = word.lastIndexOf('-')
  return dash > 0 && /^\p{L}{3,40}$/u.test(word.slice(dash + 1)) && isStandard(word.slice(0, dash))
}

const ERROR_NUMBER = /^-?\d{1,6}$/
const STATE = /^[\dA-Z]{5}$/

function isCodeHere (word: string, around: Around): boolean {
  if (CODE.test(word) || /^-32\d{3}$/.test(word)) return true
  const before = around.before.toLowerCase()
  const looksLikeCode = ERROR_NUMBER.test(word) || STATE.test(word) || LETTERS_AND_NUMBER.test(word)
  if (BEFORE_CODE.has(before)) return looksLikeCode
  if (BEFORE_BARE_CODE.has(before) && !around.marksBefore.includes(':')) return looksLikeCode
  return isStatusHere(word, around, before) || isEnclosedCode(word, around)
}

function isStatusHere (word: string, around: Around, before: string): boolean {
  if (/^[1-5]\d{2}$/.test(word)) {
    if (REASONS.has(around.after) || isAtHead(word, around)) return true
    if (BEFORE_STATUS.has(before)) return around.after === '' || /[.,;:)!]/.test(around.marksAfter)
  }
  // MySQL's numbers after a SQLSTATE: `violation: 1062 Duplicate entry`, `1406 (22001)`
  return /^1\d{3}$/.test(word) && /^(?:Duplicate|Cannot|Data|Column|Table)$/.test(around.after)
}

/** `403 Resource not accessible`, at the beginning or after a colon. */
function isAtHead (word: string, around: Around): boolean {
  const isFirst = around.before === '' || around.marksBefore.startsWith(':')
  return isFirst && /^[45]/.test(word) && /^[A-Z]/.test(around.after)
}

const LETTERS_AND_NUMBER = /^[A-Z]{1,8}-?\d{1,6}$/

/** `(CAL-500)`, `[E-1001]`, `CAL-500: calendar is broken`, and a SQLSTATE in parentheses. */
function isEnclosedCode (word: string, around: Around): boolean {
  const isEnclosed = /[([]$/.test(around.marksBefore) && /^[)\]]/.test(around.marksAfter)
  const isHead = around.before === '' && around.marksAfter.startsWith(':')
  if (LETTERS_AND_NUMBER.test(word)) return isEnclosed || isHead
  return isEnclosed && STATE.test(word) && /^\d{4}$/.test(around.before)
}

function whole (word: string, around: Around): string | null {
  const before = around.before.toLowerCase()
  if (BEFORE_VERSION.has(before) && /^\d{1,4}(?:\.\d{1,9}){0,3}$/.test(word)) return '<version>'
  const ip = IP.exec(word)
  if (ip !== null) return `<ip>${portOf(ip[1])}`
  const host = HOST.exec(word)
  if (host !== null && !FILE_TYPES.test(word)) return `${host[1] ?? ''}${portOf(host[2])}`
  const found = WHOLE.find(([, pattern]) => pattern.test(word))
  if (found !== undefined) return found[0]
  if (FILE_TYPES.test(word)) return '<path>'
  const product = PRODUCT.exec(word)
  if (product !== null) return `${product[1] ?? ''}<version>`
  const unit = UNIT.exec(word)
  if (unit !== null) return `<number>${unit[1] ?? ''}`
  return DURATION.test(word) ? '<number>s' : null
}

function portOf (port: string | undefined): string {
  if (port === undefined) return ''
  return Number(port) < FIRST_PASSING_PORT ? `:${port}` : ':<number>'
}

/** `com.acme.Note#42` is `com.acme.Note#<id>`. */
function parts (word: string, around: Around): string {
  const pieces = word.split(/([:/.#@+~&*?!\\$%])/)
  if (pieces.length === 1) return piece(word)
  return pieces.map((each, i) => {
    if (i % 2 === 1 || !/\d/.test(each)) return each
    if (pieces[i - 1] === '#') return '<id>'
    return kept(each, { ...around, before: '' }) ??
      WHOLE.find(([, pattern]) => pattern.test(each))?.[0] ?? piece(each)
  }).join('')
}

/** Letters, digits, `-` and `_`, with at least one digit. */
function piece (word: string): string {
  if (isStandard(word) || /^(?:[A-Z]\d|\d[A-Z]{1,2})$/.test(word)) return word
  if (/^[A-Z]{1,10}(?:-\w*\d\w*)+$/.test(word)) return '<id>'
  if (!word.includes('-')) return /^\d+$/.test(word) ? '<number>' : '<id>'
  const steps = word.split('-')
  // `10-stellig`
  if (/^\d+$/.test(steps[0] ?? '') && steps.slice(1).every(step => /^\p{L}{3,40}$/u.test(step))) {
    return ['<number>', ...steps.slice(1)].join('-')
  }
  const first = steps.findIndex(step => /\d/.test(step) && !isStandard(step))
  return first === -1 ? word : [...steps.slice(0, first), '<id>'].join('-')
}

/** Whether a part of a file's name is the hash of a build. */
export function isId (word: string): boolean {
  return /^(?=\D*\d)(?=[^a-z]*[a-z])\w{6,64}$/i.test(word) && !isStandard(word) &&
    (/^[\da-f]+$/i.test(word) || /\d\D+\d/.test(word))
}
