import fc from 'fast-check'
import t from 'tap'
import { readAnswer } from '../../../src/analysis/feedback/answer.ts'
import {
  checkEvidence,
  comparable,
  type CitableAction
} from '../../../src/analysis/feedback/evidence.ts'

const actions: CitableAction[] = [
  {
    number: 1,
    module: 'todo',
    result: 'ok',
    resultText: '[{"id":"t1","title":"Milch kaufen","note":"Zeile eins\\nsagt \\"Hallo\\""}]'
  },
  {
    number: 2,
    module: 'calendar',
    result: 'error',
    resultText: 'Internal error: could not save event (CAL-500)'
  },
  { number: 3, module: 'todo', result: 'unknown', resultText: '' },
  { number: 4, module: 'notes', result: 'ok', resultText: '[]' },
  {
    number: 5,
    module: 'notes',
    result: 'rejected',
    resultText: 'Nicht ausgeführt, die Eingabe passt nicht: title must be string'
  },
  { number: 7, module: 'graph', result: 'ok', resultText: '' },
  { number: 8, module: 'graph', result: 'ok', resultText: ' \n' },
  { number: 10, module: 'graph', result: 'error', resultText: '' },
  {
    number: 6,
    module: 'mood',
    result: 'ok',
    resultText: 'Heute: „gut“ …  und\u00a0morgen\n\tbesser – caf\u0065\u0301'
  }
]
const check = (module: string, ...evidence: { action: number, quote: string | null }[]) => {
  const checked = checkEvidence({ module, rating: 4, evidence }, actions)
  return checked.grounded ? 'grounded' : checked.reason
}
const cite = (action: number, quote: string | null = null) => ({ action, quote })

t.test('of the seven fixtures of the lock, six do not count', async t => {
  const answer = (rating: object) =>
    JSON.stringify({ ratings: [{ module: 'todo', notes: 'Ging gut (#1).', rating: 4, ...rating }] })
  const fixtures: [what: string, text: string, counts: boolean][] = [
    ['valid', answer({ evidence: [cite(1, 'Milch kaufen')] }), true],
    ['an action of another run', answer({ evidence: [cite(99, 'Milch kaufen')] }), false],
    ['an action of another module', answer({ evidence: [cite(2, 'CAL-500')] }), false],
    ['an invented quote', answer({ evidence: [cite(1, 'Butter kaufen')] }), false],
    ['no citation', answer({ evidence: [] }), false],
    ['junk JSON', answer({ evidence: [cite(1, 'Milch kaufen')] }).slice(0, -9), false],
    ['a number without a note', answer({ notes: '', evidence: [cite(1, 'Milch kaufen')] }), false]
  ]
  for (const [what, text, counts] of fixtures) {
    const read = readAnswer(text, ['todo'])
    const rating = read.ok ? read.ratings[0] : undefined
    t.equal(
      rating !== undefined && rating.rating !== null && checkEvidence(rating, actions).grounded,
      counts,
      what
    )
  }
  t.equal(fixtures.filter(([, , counts]) => !counts).length, 6)
})

t.test('the id of another run in place of a number is no citation', async t => {
  const read = readAnswer(
    JSON.stringify({
      ratings: [{
        module: 'todo',
        notes: 'x',
        rating: 4,
        evidence: [{ action: '01999999-run-0-todo.list', quote: 'Milch kaufen' }]
      }]
    }),
    ['todo']
  )
  t.same(read.ok && read.ratings[0] && checkEvidence(read.ratings[0], actions), {
    grounded: false,
    reason: 'no_citation'
  })
})

t.test('says by a stable code what does not hold', async t => {
  const cases: [what: string, said: string, reason: string][] = [
    ['nothing cited', check('todo'), 'no_citation'],
    ['a number of no action', check('todo', cite(9)), 'unknown_action: #9'],
    ['zero', check('todo', cite(0)), 'unknown_action: #0'],
    ['one good and one unknown', check('todo', cite(1, 'Milch'), cite(17)), 'unknown_action: #17'],
    ['another module', check('calendar', cite(1, 'Milch')), 'wrong_module: #1 is of todo'],
    [
      'one good and one of another module',
      check('todo', cite(1, 'Milch'), cite(2)),
      'wrong_module: #2 is of calendar'
    ],
    ['an invented quote', check('todo', cite(1, 'Brot')), 'invented_quote: "Brot"'],
    [
      'a true quote of another action',
      check('todo', cite(1, 'CAL-500')),
      'invented_quote: "CAL-500"'
    ],
    [
      'one good and one invented',
      check('todo', cite(1, 'Milch'), cite(1, 'Brot')),
      'invented_quote: "Brot"'
    ],
    [
      'a quote from a call without an answer',
      check('todo', cite(3, 'Erledigt')),
      'invented_quote: "Erledigt"'
    ],
    ['no quote', check('todo', cite(1)), 'no_quote'],
    ['a quote too short to prove anything', check('todo', cite(1, 'mi')), 'no_quote'],
    ['a quote of nothing but marks', check('todo', cite(1, '„…“')), 'no_quote'],
    [
      'no quote where one could be had, beside a call without an answer',
      check('todo', cite(1), cite(3)),
      'no_quote'
    ]
  ]
  for (const [what, said, reason] of cases) t.equal(said, reason, what)
  t.ok(check('todo', cite(1, 'x'.repeat(5000))).length < 150, 'and briefly')
})

t.test('a quote holds however it was retyped', async t => {
  const cases: [what: string, said: string][] = [
    ['literally', check('todo', cite(1, '"title":"Milch kaufen"'))],
    ['in other case', check('todo', cite(1, 'MILCH kaufen'))],
    ['with other white space', check('todo', cite(1, ' Milch\n  kaufen '))],
    ['between quotation marks', check('todo', cite(1, '„Milch kaufen“'))],
    ['between ellipses', check('todo', cite(1, '…Milch kaufen...'))],
    ['with typographic marks inside', check('todo', cite(1, 'sagt „Hallo“'))],
    ['with escapes as stored', check('todo', cite(1, 'Zeile eins\\nsagt \\"Hallo\\"'))],
    ['with escapes resolved', check('todo', cite(1, 'Zeile eins\nsagt "Hallo"'))],
    ['with something left out', check('todo', cite(1, 'Milch kaufen … Zeile eins'))],
    [
      'with something left out in brackets',
      check('calendar', cite(2, 'Internal error [...] (CAL-500)'))
    ],
    ['the message of an error', check('calendar', cite(2, 'could not save event'))],
    ['the reason of a refusal', check('notes', cite(5, 'die Eingabe passt nicht'))],
    [
      'marks, ellipsis, white space and accents',
      check('mood', cite(6, '»gut« ... und morgen besser - café'))
    ],
    ['beside a citation without one', check('todo', cite(1), cite(1, 'Milch'))],
    ['beside a call without an answer', check('todo', cite(1, 'Milch'), cite(3))]
  ]
  for (const [what, said] of cases) t.equal(said, 'grounded', what)
})

t.test('pieces of a quote must be long enough and in their order', async t => {
  for (
    const quote of [
      'Zeile eins … Milch kaufen',
      'Milch … t1',
      'M … i … l … c … h',
      'title … Milch … kaufen … Zeile … Hallo'
    ]
  ) {
    t.match(check('todo', cite(1, quote)), /^invented_quote/, quote)
  }
})

t.test('where there is nothing to quote from, the citation alone is enough', async t => {
  t.equal(check('todo', cite(3)), 'grounded', 'a call without an answer')
  t.equal(check('notes', cite(4)), 'grounded', 'an empty list')
  t.equal(check('notes', cite(4, '[]')), 'grounded', 'an empty list that was quoted')
  t.equal(check('graph', cite(7)), 'grounded', 'a result without text')
  t.equal(
    check('graph', cite(7), cite(8), cite(10)),
    'grounded',
    'several, and a failure without a word'
  )
  t.equal(check('graph', cite(7, '(empty)')), 'grounded', 'what the persona was shown in its place')
  t.equal(
    check('graph', cite(7, 'Erledigt')),
    'invented_quote: "Erledigt"',
    'but words that nobody said are invented'
  )
})

t.test('a persona that cannot say is held to the same evidence', async t => {
  t.match(checkEvidence({ module: 'todo', rating: null, evidence: [] }, actions), {
    grounded: false
  })
})

t.test('escapes at any depth come to the same', async t => {
  let text = 'Er sagte "Ja"\nund ging'
  for (let depth = 0; depth < 4; depth++, text = JSON.stringify(text)) {
    t.ok(comparable(text).includes('er sagte "ja" und ging'), `${depth}`)
  }
})

t.test('every piece of a result holds as its quote, and never with a word more', async t => {
  const words = fc.array(
    fc.constantFrom('Milch', 'Käse', '"Ja"', 'a\\b', 'CAL-500', '\n', '–', '7:30', '„gut“'),
    { minLength: 3, maxLength: 30 }
  )
  fc.assert(
    fc.property(words, fc.nat(), fc.integer({ min: 3, max: 60 }), (list, at, length) => {
      const resultText = JSON.stringify({ text: list.join(' ') })
      const from = at % Math.max(1, resultText.length - length)
      fc.pre(resultText[from - 1] !== '\\')
      const quote = resultText.slice(from, from + length)
      const one: CitableAction[] = [{ number: 1, module: 'm', result: 'ok', resultText }]
      const said = (quote: string) => {
        const checked = checkEvidence({ module: 'm', rating: 1, evidence: [cite(1, quote)] }, one)
        return checked.grounded ? 'grounded' : checked.reason
      }
      return ['grounded', 'no_quote'].includes(said(quote)) &&
        said(`${quote} zzz`).startsWith('invented_quote')
    }),
    { numRuns: 2000 }
  )
  t.pass()
})

t.test('twenty long quotes from long results are looked up, whatever the noise', async t => {
  const noises = [
    `${'aaaa "b" \\n '.repeat(5300)}the end`,
    '\\'.repeat(32_000),
    ' '.repeat(64_000),
    '.'.repeat(64_000),
    '"'.repeat(64_000),
    'a'.repeat(64_000)
  ]
  for (const resultText of noises) {
    const long: CitableAction[] = [{ number: 1, module: 'm', result: 'ok', resultText }]
    const quotes = [
      `${'aaaa "b" '.repeat(100)} ... the end`,
      `${'"'.repeat(900)}x`,
      `${'.'.repeat(900)}x`,
      `${'\\'.repeat(900)}x`,
      'a'.repeat(900)
    ]
    // The cubic way took minutes, which is longer than a test may take.
    for (const quote of quotes) {
      const evidence = Array(20).fill(cite(1, quote))
      t.ok(checkEvidence({ module: 'm', rating: 1, evidence }, long))
    }
  }
})
