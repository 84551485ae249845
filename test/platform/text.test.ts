import fc from 'fast-check'
import t from 'tap'
import {
  cleanJson,
  isCleanDocument,
  MAX_JSON_DEPTH,
  nestsTooDeep
} from '../../src/platform/clean-json.ts'
import { retryAfterMs } from '../../src/platform/retry-after.ts'
import { shownAddress } from '../../src/platform/dial/shown-address.ts'
import { clean, cutBytes, oneLine } from '../../src/platform/text.ts'

/** Any UTF-16, lone surrogates and control characters among it. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0xffff }).map(code => String.fromCharCode(code)),
    fc.constantFrom('\u0000', '\u202e', '\ufeff', '\ud83d', '\ude42', '🙂', 'ä', '\n', '\t', ' ')
  )
})

t.test('removes what breaks the database or the model, and keeps everything else', async t => {
  const cases: [given: string, kept: string][] = [
    ['plain', 'plain'],
    ['tab\tand\nbreaks\r\n stay', 'tab\tand\nbreaks\r\n stay'],
    ['NUL\u0000 bell\u0007 escape\u001b[31m', 'NUL bell escape[31m'],
    ['c1\u0085\u009f, delete\u007f', 'c1, delete'],
    ['\u202eoverride\u2066 isolate\u2069', 'override isolate'],
    ['\ufeffmark', 'mark'],
    ['half \ud83d', 'half \ufffd'],
    ['\udc00half', '\ufffdhalf'],
    ['whole 🙂 ä 漢', 'whole 🙂 ä 漢'],
    ['', '']
  ]
  for (const [given, kept] of cases) t.equal(clean(given), kept, JSON.stringify(given))
})

t.test('cleaned text is well-formed, holds no NUL, and cleaning it again changes nothing', async t => {
  fc.assert(fc.property(anyText, text => {
    const cleaned = clean(text)
    return cleaned.isWellFormed() && !cleaned.includes('\u0000') && clean(cleaned) === cleaned
  }))
  t.pass()
})

t.test('a cut text is a beginning of the text, never longer than allowed and never half a character', async t => {
  fc.assert(fc.property(anyText.map(clean), fc.nat(40), (text, maxBytes) => {
    const cut = cutBytes(text, maxBytes)
    const bytes = Buffer.byteLength(cut.text)
    return text.startsWith(cut.text) && bytes <= maxBytes && cut.text.isWellFormed() &&
      bytes + cut.omittedBytes === Buffer.byteLength(text) &&
      maxBytes - bytes <= (cut.omittedBytes > 0 ? 3 : maxBytes)
  }))
  t.same(cutBytes('aä🙂', 4), { text: 'aä', omittedBytes: 4 })
  t.same(cutBytes('aä🙂', 7), { text: 'aä🙂', omittedBytes: 0 })
  t.same(cutBytes('🙂', 0), { text: '', omittedBytes: 4 })
})

t.test('one line has no breaks, no wide gaps and no ends of white space', async t => {
  t.equal(oneLine('  first\r\n\tsecond\u2028third \u0000 '), 'first second third')
  t.equal(oneLine('ääää', 5), 'ää')
  t.equal(Buffer.byteLength(oneLine('x'.repeat(9000))), 500)
})

function nested (depth: number): unknown {
  let value: unknown = 'bottom'
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { value }
  return value
}

t.test('JSON that is cleaned may be stored, however deep it came', async t => {
  for (const depth of [0, 1, MAX_JSON_DEPTH - 1, MAX_JSON_DEPTH]) {
    t.notOk(nestsTooDeep(nested(depth)), `${depth} levels may be stored`)
    t.same(cleanJson(nested(depth)), nested(depth), `${depth} levels are kept`)
  }
  for (const depth of [MAX_JSON_DEPTH + 1, 5000]) {
    t.ok(nestsTooDeep(nested(depth)), `${depth} levels are too deep`)
    t.notOk(nestsTooDeep(cleanJson(nested(depth))))
  }
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: false }), value => !nestsTooDeep(cleanJson(value)))
  )
})

t.test('every text in JSON is cleaned, keys too', async t => {
  const given = { 'k\u0000': ['\ud83d', { deep: 'x\u0000y', n: 1, ok: true, none: null }] }
  t.same(cleanJson(given), { k: ['\ufffd', { deep: 'xy', n: 1, ok: true, none: null }] })
  const proto = cleanJson(JSON.parse('{"__proto__":{"admin":true}}')) as Record<string, unknown>
  t.equal(proto.admin, undefined, 'a key named __proto__ is a key and nothing else')
})

t.test('a document that is told clean by its text holds nothing that cleaning would take away', async t => {
  const asSent = (
    value: unknown
  ) => [
    JSON.stringify(value),
    JSON.stringify(value).replace(
      /[^ -~]/g,
      c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
    )
  ]
  let clean = 0
  fc.assert(
    fc.property(fc.dictionary(anyText, fc.array(anyText)), value =>
      asSent(value).every(json => {
        // What arrives has been decoded from UTF-8.
        const document = json.toWellFormed()
        if (!isCleanDocument(document)) return true
        clean++
        return JSON.stringify(cleanJson(JSON.parse(document))) ===
          JSON.stringify(JSON.parse(document))
      }))
  )
  t.ok(clean > 0)
  for (
    const document of [
      '{"a":"\\u0000"}',
      '{"a":"\\b"}',
      '{"a":"\\ud83d"}',
      '{"\\ufeff":1}',
      '"\u202e"',
      '"\u0085"'
    ]
  ) t.notOk(isCleanDocument(document), document)
  for (const document of ['{"a":"b\\n\\t\\"c\\\\ \\/"}', '"ä 🙂"', '[1,null]']) {
    t.ok(isCleanDocument(document), document)
  }
})

t.test('Retry-After is read as seconds or as a date, and nothing else', async t => {
  const now = Date.parse('2026-11-23T10:00:00Z')
  const cases: [header: string | null, ms: number | undefined][] = [
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7000],
    ['Mon, 23 Nov 2026 10:00:30 GMT', 30_000],
    ['Mon, 23 Nov 2026 09:00:00 GMT', 0],
    [null, undefined],
    ['', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['2026', 2_026_000],
    ['9'.repeat(400), undefined]
  ]
  for (const [header, ms] of cases) t.equal(retryAfterMs(header, now), ms, String(header))
})

t.test('an address is shown without what may be secret in it', async t => {
  t.equal(
    shownAddress('https://user:password@app.test:8443/mcp?token=1#x'),
    'https://app.test:8443/mcp'
  )
  t.equal(shownAddress('not an address'), '[address]')
})
