import { readFileSync } from 'node:fs'
import t from 'tap'
import { suspicionsIn } from '../../../src/analysis/incidents/suspicion.ts'
import { ATTACKS as TEMPLATES } from './attacks.ts'

const ATTACKS = TEMPLATES.map(attack => ({
  ...attack,
  text: attack.text.replaceAll('{evil}', 'https://evil.test')
}))

/**
 * What apps say on ordinary days, one result a line; hard ones among them: quoted orders, manuals,
 * games, laws.
 */
const CLEAN = readFileSync(new URL('clean-results.txt', import.meta.url), 'utf8').trim().split('\n')

t.test('no clean result is taken for an attack, alone or in a list', async t => {
  t.ok(new Set(CLEAN).size >= 200, `${CLEAN.length} clean results`)
  const alarms = CLEAN.flatMap(text =>
    suspicionsIn(text).map(suspicion => ({ ...suspicion, text }))
  )
  t.same(alarms, [])
  t.same(
    suspicionsIn(JSON.stringify(CLEAN.map((body, id) => ({ id, body })).slice(0, 20))),
    [],
    'escaped, twenty in one result'
  )
})

t.test('most attacks are seen, and each is told in one line', async t => {
  const missed = ATTACKS.filter(attack => suspicionsIn(attack.text).length === 0)
  t.comment(
    `${ATTACKS.length - missed.length} of ${ATTACKS.length} attacks seen; not: ${
      missed.map(attack => attack.what).join(', ')
    }`
  )
  t.ok(ATTACKS.length >= 60)
  t.ok(missed.length <= ATTACKS.length * 0.1, `${missed.length} missed`)
  for (const { excerpt } of ATTACKS.flatMap(attack => suspicionsIn(attack.text))) {
    t.ok(excerpt.length > 10 && Buffer.byteLength(excerpt) <= 240 && !excerpt.includes('\n'))
  }
})

t.test('an attack is seen in the middle of a page of ordinary text', async t => {
  const page = CLEAN.slice(0, 40).join('\n')
  const seen = ATTACKS.filter(attack => suspicionsIn(attack.text).length > 0)
  for (const { what, text } of seen) {
    t.ok(suspicionsIn(`${page}\n${text}\n${page}`).length > 0, what)
  }
})

t.test('a search in any text comes to its end, whatever it is made of', async t => {
  const pieces = [
    'ignore all ',
    'a',
    ' ',
    'send your ',
    'call the ',
    '<system>',
    '![',
    'if you are an ',
    '<app-data ',
    'A1b2',
    'ignoriere die ',
    'system: ',
    '%41',
    '0a ',
    '\u{e0041}'
  ]
  // A pattern that backtracks without end would take hours.
  for (const piece of pieces) {
    const kinds = suspicionsIn(piece.repeat(20_000)).map(({ kind }) => kind)
    t.equal(new Set(kinds).size, kinds.length, piece)
  }
})
