import t from 'tap'
import type { CastRows, CastVisit } from '../../../src/analysis/verdicts/cast-rows.ts'
import { judgeCast } from '../../../src/analysis/verdicts/judge-cast.ts'
import { decidingLook } from '../../../src/analysis/verdicts/release-verdict.ts'
import { verdictSentence } from '../../../src/analysis/verdicts/sentence.ts'
import { BASE, randomOf, simulate, type World } from './world.ts'

const CHANGES = ['worse', 'better', 'mixed']
const CALM = { before: 0.02, after: 0.02 }
const WORLD: World = { ...BASE, personas: 10, daysBefore: 10, daysAfter: 10, errors: CALM }
const cast = (seed: number, world: Partial<World> = {}) =>
  simulate({ ...WORLD, ...world }, randomOf(seed))
/** Each module with its verdict. */
const modulesOf = (rows: CastRows, place = 0) =>
  (judgeCast(rows)[place]?.modules ?? []).map(found => {
    const look = decidingLook(found.looks)
    return { ...found, verdict: look?.state ?? 'too_little_data', look }
  })
const accused = (rows: CastRows, place = 0) =>
  modulesOf(rows, place).filter(({ verdict }) => CHANGES.includes(verdict)).map(({ module }) =>
    module
  )

t.test('of 60 harmless releases at most 5 are accused', async t => {
  const wrong = Array.from({ length: 60 }, (_, seed) => accused(cast(seed))).filter(modules =>
    modules.length > 0
  )
  t.ok(wrong.length <= 5, `${wrong.length} of 60`)
})

t.test('a fall of 0.8 in a declared module is found in most casts, and only there', async t => {
  const found = Array.from({ length: 40 }, (_, seed) => {
    const rows = cast(500 + seed, { shift: -0.8 })
    for (const release of rows.releases) release.touches = ['m0']
    return accused(rows)
  })
  t.ok(found.filter(modules => modules.includes('m0')).length >= 28, 'of 40')
  t.ok(found.filter(modules => modules.some(module => module !== 'm0')).length <= 3)
})

t.test('a rise in errors is found by friction', async t => {
  const [verdict] = modulesOf(
    cast(3, { daysBefore: 28, daysAfter: 14, errors: { before: 0.02, after: 0.3 } })
  )
  t.equal(verdict?.verdict, 'worse')
  t.match(
    verdictSentence(verdict as never, ['2.0']),
    /^m0 got in the way more: \d+ → \d+ .* since 2\.0\..* Errors \d.* % → \d+ %\.$/
  )
})

t.test('a verdict once given is not taken back by later days', async t => {
  const rows = cast(7, { daysAfter: 14, shift: -1.5 })
  const until = (days: number) => ({
    ...rows,
    visits: rows.visits.filter(({ day }) => day < 10 + days)
  })
  const [first, last] = [modulesOf(until(7))[0], modulesOf(rows)[0]]
  t.equal(first?.verdict, 'worse')
  t.equal(last?.verdict, 'worse')
  t.equal(last?.look?.day, first?.look?.day)
  t.same(
    last?.looks.slice(0, first?.looks.length),
    first?.looks,
    'a look is the same whenever it is computed'
  )
})

t.test('between two looks nothing moves', async t => {
  const rows = cast(7, { daysAfter: 14 })
  const looksUntil = (days: number) =>
    modulesOf({ ...rows, visits: rows.visits.filter(({ day }) => day < 10 + days) }).map((
      { looks }
    ) => looks)
  t.same(looksUntil(9), looksUntil(7))
  t.not(looksUntil(10)[0]?.length, looksUntil(7)[0]?.length)
})

t.test('where everything moves no module is accused', async t => {
  const wrong = Array.from(
    { length: 20 },
    (_, seed) => accused(cast(200 + seed, { shiftOfAll: -1 }))
  )
  t.ok(wrong.filter(modules => modules.length > 0).length <= 2)
  const verdicts = modulesOf(cast(201, { shiftOfAll: -1 })).map(({ verdict }) => verdict)
  t.ok(verdicts.includes('everything_moved'), verdicts.join())
})

t.test('another model on the day of the release makes both sides incomparable', async t => {
  const rows = cast(4, { shiftOfAll: -1 })
  for (const visit of rows.visits) if (visit.release === 0) visit.context = 'another'
  for (const { verdict, look } of modulesOf(rows)) {
    t.same({ verdict, reason: look?.reason }, {
      verdict: 'not_comparable',
      reason: 'context_changed'
    })
  }
})

t.test('days under another model are left out where enough days remain', async t => {
  const rows = cast(5, { shift: -1.5 })
  for (const visit of rows.visits) if (visit.day < 4) visit.context = 'older'
  const [verdict] = modulesOf(rows)
  t.equal(verdict?.look?.daysBefore, 6)
  t.equal(verdict?.verdict, 'worse')
})

t.test('a cast that was mostly replaced cannot be compared; a third replaced can', async t => {
  t.same(modulesOf(cast(6, { replaced: 0.8 }))[0]?.look?.reason, 'cast_changed')
  t.not(modulesOf(cast(6, { replaced: 0.3 }))[0]?.verdict, 'not_comparable')
})

t.test('two releases a day apart are judged together and both named', async t => {
  const rows = cast(8, { shift: -1.5 })
  rows.releases = [{ name: '1.9', day: 9, touches: [] }, { name: '2.0', day: 10, touches: [] }]
  rows.visits = rows.visits.map(visit => ({
    ...visit,
    release: visit.day < 9 ? -1 : visit.day - 9 < 1 ? 0 : 1
  }))
  const verdicts = judgeCast(rows)
  t.same(verdicts.map(({ releases }) => releases), [['1.9', '2.0']])
  t.match(
    verdictSentence(verdicts[0]?.modules[0] as never, ['1.9', '2.0']),
    /since 1\.9 and 2\.0\./
  )
})

t.test('a release that mends is compared with the broken days and not with those before them', async t => {
  const rows = cast(9, { daysBefore: 20, daysAfter: 28 })
  const isBroken = ({ module, day }: CastVisit) => module === 'm0' && day >= 20 && day < 34
  rows.visits = rows.visits.map(visit => ({
    ...visit,
    rating: isBroken(visit) ? Math.max(1, (visit.rating ?? 0) - 2) : visit.rating,
    release: visit.day < 20 ? -1 : visit.day < 34 ? 0 : 1
  }))
  rows.releases.push({ name: '2.1', day: 34, touches: ['m0'] })
  t.same(accused(rows, 0), ['m0'])
  t.equal(modulesOf(rows, 1)[0]?.look?.daysBefore, 14)
  t.equal(modulesOf(rows, 1)[0]?.verdict, 'better')
})

t.test('the day on which both versions ran counts on neither side', async t => {
  const rows = cast(10)
  const late = rows.visits.filter(({ day }) => day === 12).slice(0, 1)
  rows.visits.push(...late.map(visit => ({ ...visit, release: -1 })))
  t.equal(
    modulesOf(rows)[0]?.looks.at(-1)?.day,
    7,
    'nine days are left, and the look of day 10 does not come'
  )
})

t.test('too few personas or days get no word for a change', async t => {
  for (const world of [{ personas: 4 }, { daysBefore: 2 }, { daysAfter: 1 }]) {
    const verdicts = modulesOf(cast(11, { ...world, shift: -2.5 })).map(({ verdict }) => verdict)
    t.ok(verdicts.every(verdict => verdict === 'too_little_data'), JSON.stringify(world))
  }
})

t.test('too little data comes with how long to wait, or that waiting will not do', async t => {
  const [soon] = modulesOf(cast(12, { daysBefore: 14, daysAfter: 3 }))
  t.equal(soon?.verdict, 'too_little_data')
  t.match(
    verdictSentence(soon as never, ['2.0']),
    /too little data after 3 days of 2\.0\. About \d+ days under the release/
  )
  const [never] = modulesOf(cast(12, { personas: 3, daysBefore: 3, daysAfter: 14 }))
  t.match(
    verdictSentence(never as never, ['2.0']),
    /Waiting alone will not do|More personas are needed/
  )
})
