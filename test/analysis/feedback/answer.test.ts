import fc from 'fast-check'
import t from 'tap'
import { findJson, readAnswer } from '../../../src/analysis/feedback/answer.ts'

const rating = (module: string, rest: Record<string, unknown> = {}) => ({
  module,
  notes: 'ging',
  evidence: [{ action: 1, quote: 'ok' }],
  comparedToLastTime: 'first',
  rating: 4,
  ...rest
})
const answer = (...ratings: unknown[]) => JSON.stringify({ ratings, costliestModule: null })
const good = answer(rating('todo'))
const read = { ok: true, ratings: [{ module: 'todo', rating: 4, notes: 'ging' }] }

t.test('white space, fences and prose around the answer do not matter', async t => {
  const texts: Record<string, string> = {
    'plain JSON': good,
    indented: JSON.stringify(JSON.parse(good), null, 2),
    'a fence': `\`\`\`json\n${good}\n\`\`\``,
    'a fence without a language': `\`\`\`\n${good}\n\`\`\``,
    'prose before and behind':
      `Also gut, hier meine Bewertung:\n${good}\nMehr habe ich nicht zu sagen.`,
    'footnotes before it': `Wie schon gesagt [1], und auch [2, 3]: ${good} [4]`,
    'an empty list and an empty object before it': `[] {} ${good}`,
    'an object of something else before it': `{"thinking":"hm"} ${good}`,
    'a bracket that never closes before it': `:-[ und :-{ ${good}`,
    'a list without the object around it': JSON.stringify([rating('todo')]),
    'wrapped in another object': `{"answer":${good}}`,
    'brackets inside of strings': `{"note":"}{ \\"][","ratings":[${
      JSON.stringify(rating('todo'))
    }]}`,
    'a byte order mark': `\ufeff${good}`
  }
  for (const [what, text] of Object.entries(texts)) t.match(readAnswer(text, ['todo']), read, what)
})

t.test('what is not a complete answer to the question is refused, and says why', async t => {
  const cases: [what: string, text: string, problem: RegExp][] = [
    ['nothing', '', /no JSON object with "ratings"/],
    ['prose', 'Mir hat es gefallen.', /no JSON object with "ratings"/],
    ['a number', '5', /no JSON object/],
    ['truncated JSON', good.slice(0, good.indexOf('"rating"')), /no JSON object/],
    ['JSON with a comment', good.replace('[{', '[ /* */ {'), /no JSON object/],
    ['ratings that are no list', '{"ratings":"4"}', /"ratings" must be a list/],
    ['ratings that are null', '{"ratings":null}', /"ratings" must be a list/],
    ['no ratings', answer(), /^"todo" has no valid rating/],
    ['a missing module', answer(rating('notes')), /"todo" has no valid rating/],
    ['an extra module', answer(rating('todo'), rating('mood')), /^"mood" was not used today/],
    [
      'a module twice',
      answer(rating('todo'), rating('todo', { rating: 2 })),
      /^"todo" is rated twice/
    ],
    ['no module', answer({ rating: 3, notes: 'x' }, rating('todo')), /name its "module"/],
    ['a rating that is no object', answer(null, rating('todo')), /must be an object/],
    ['no notes', answer(rating('todo', { notes: undefined })), /"notes" must say/],
    ['blank notes', answer(rating('todo', { notes: ' \n' })), /"notes" must say/],
    ['notes of nothing but NUL', answer(rating('todo', { notes: '\u0000' })), /"notes" must say/],
    ...[6, -1, 2.5, '4', '4/5', null, true, 1e99, undefined].map((
      value
    ): [string, string, RegExp] => [
      `rating ${JSON.stringify(value)}`,
      answer(rating('todo', { rating: value })),
      /^"todo": "rating" must be 0, 1, 2/
    ])
  ]
  for (const [what, text, problem] of cases) {
    const result = readAnswer(text, ['todo'])
    t.equal(result.ok, false, what)
    if (!result.ok) t.match(result.problems.join('\n'), new RegExp(problem.source, 'm'), what)
  }
})

t.test('an answer that was cut off counts only when all its ratings are there', async t => {
  const whole = answer(rating('todo'), rating('mood', { rating: 2 }))
  const end = whole.lastIndexOf(']')
  for (let length = 0; length <= whole.length; length++) {
    const { ok } = readAnswer(whole.slice(0, length), ['todo', 'mood'])
    if (ok !== (length > end)) t.fail(`cut after ${length} characters`)
  }
  t.pass()
})

t.test('0 means that the persona cannot say, and is no number', async t => {
  const result = readAnswer(answer(rating('todo', { rating: 0 }), rating('mood', { rating: 1 })), [
    'todo',
    'mood'
  ])
  t.match(result, {
    ok: true,
    ratings: [{ module: 'todo', rating: null }, { module: 'mood', rating: 1 }]
  })
})

t.test('of two objects the first that looks like an answer counts', async t => {
  t.match(readAnswer(`${good}\n${answer(rating('todo', { rating: 1 }))}`, ['todo']), read)
})

t.test('evidence is kept where it has the form of a citation, and dropped where it has not', async t => {
  const cases: [what: string, evidence: unknown, kept: unknown][] = [
    ['whole', [{ action: 3, quote: 'CAL-500' }], [{ action: 3, quote: 'CAL-500' }]],
    ['without a quote', [{ action: 3 }], [{ action: 3, quote: null }]],
    ['a blank quote', [{ action: 3, quote: ' ' }], [{ action: 3, quote: null }]],
    ['a quote that is no text', [{ action: 3, quote: 5 }], [{ action: 3, quote: null }]],
    ['more than asked for', [{ action: 1, quote: 'a', why: 'b' }], [{ action: 1, quote: 'a' }]],
    ['numbers that are none', [
      { action: '3' },
      { action: 0 },
      { action: 1.5 },
      { quote: 'x' },
      3,
      null
    ], []],
    ['no list', { action: 1 }, []],
    ['nothing', undefined, []],
    [
      'too many',
      Array(30).fill({ action: 1, quote: 'a' }),
      Array(20).fill({ action: 1, quote: 'a' })
    ],
    ['unclean', [{ action: 1, quote: 'a\u0000\ud83d' }], [{ action: 1, quote: 'a\ufffd' }]]
  ]
  for (const [what, evidence, kept] of cases) {
    const result = readAnswer(answer(rating('todo', { evidence })), ['todo'])
    t.same(result.ok && result.ratings[0]?.evidence, kept, what)
  }
})

t.test('the comparison and the costliest module are kept only where they mean something', async t => {
  const of = (body: Record<string, unknown>) =>
    readAnswer(JSON.stringify({ ratings: [rating('todo', body)], ...body }), ['todo'])
  t.match(
    of({ comparedToLastTime: 'worse', costliestModule: 'todo' }),
    { ratings: [{ comparedToLastTime: 'worse' }], costliestModule: 'todo' }
  )
  t.match(
    of({ comparedToLastTime: 'a lot', costliestModule: 'mood' }),
    { ratings: [{ comparedToLastTime: null }], costliestModule: null }
  )
  t.match(readAnswer(`[${JSON.stringify(rating('todo'))}]`, ['todo']), { costliestModule: null })
})

t.test('long notes are cut, and nothing that breaks the database comes through', async t => {
  const result = readAnswer(answer(rating('todo', { notes: `\u0000${'ä'.repeat(5000)}\ud83d` })), [
    'todo'
  ])
  t.equal(result.ok && Buffer.byteLength(result.ratings[0]?.notes ?? ''), 4000)
  const refused = readAnswer(
    answer(rating(`to\u0000do\ud83d${'x'.repeat(9000)}`), rating('a\u0000', { rating: 9 })),
    ['todo']
  )
  const said = refused.ok ? '' : refused.problems.join('')
  t.ok(said.isWellFormed() && !said.includes('\u0000'), 'the problems name modules in clean words')
  t.ok(said.length < 500, 'and short ones')
})

t.test('a list of problems stays short however wrong the answer is', async t => {
  const result = readAnswer(answer(...Array.from({ length: 500 }, (_, i) => rating(`m${i}`))), [
    'todo'
  ])
  t.equal(!result.ok && result.problems.length, 10)
})

t.test('noise is read to its end', async t => {
  const size = 16_000
  const noises = [
    '['.repeat(size),
    '{'.repeat(size),
    '[{'.repeat(size / 2),
    '{"'.repeat(size / 2),
    '[1]'.repeat(size / 3)
  ]
  // The quadratic way took minutes, which is longer than a test may take.
  for (const noise of [...noises, `${'['.repeat(size / 2)}${']'.repeat(size / 2)}`]) {
    t.equal(findJson(noise), undefined)
  }
})

t.test('an answer is found whatever prose stands around it, and prose alone is never one', async t => {
  const prose = fc.string({ maxLength: 60 }).map(text => text.replace(/["{}[\]]/g, ''))
  fc.assert(
    fc.property(prose, prose, (before, behind) => {
      t.match(readAnswer(`${before}${good}${behind}`, ['todo']), read)
      return findJson(`${before}${behind}`) === undefined
    }),
    { numRuns: 50 }
  )
})

t.test('no text whatsoever makes reading throw, and no module gets a number that is not from 1 to 5', async t => {
  const json = fc.jsonValue().map(value => JSON.stringify({ ratings: value }))
  const ratings = fc.array(
    fc.record({
      module: fc.constantFrom('todo', 'mood', 'x'),
      rating: fc.jsonValue(),
      notes: fc.string()
    })
  )
  fc.assert(fc.property(fc.oneof(fc.string(), json, ratings.map(list => answer(...list))), text => {
    const result = readAnswer(text, ['todo'])
    return !result.ok || result.ratings.every(
      ({ module, rating }) =>
        module === 'todo' && (rating === null || [1, 2, 3, 4, 5].includes(rating))
    )
  }))
  t.pass()
})
