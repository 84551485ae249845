import t from 'tap'
import { startTestApp } from '../../helpers/app.ts'
import { linksOf } from '../../helpers/browse.ts'
import { signIn, textOf } from '../../helpers/pages.ts'
import { plantMonth } from '../../helpers/planted-month.ts'

const app = await startTestApp(t)
const { db } = app.database
const headers = await signIn(app)
const read = async (url: string) => (await app.inject({ url, headers })).body
await plantMonth(db)

const dayAgo = (days: number) =>
  new Date(Date.now() - days * 24 * 60 * 60 * 1000).toISOString().slice(0, 10)

/** How many days the table of a module's page has. */
const daysIn = (body: string) => [...body.matchAll(/<th scope="row">\d{4}-\d\d-\d\d<\/th>/g)].length

t.test('a range narrows the numbers: days, since a release, and own days', async t => {
  const month = daysIn(await read('/modules/notes'))
  const week = daysIn(await read('/modules/notes?days=7'))
  const since = daysIn(await read('/modules/notes?since=2.5.0'))
  const own = daysIn(await read(`/modules/notes?from=${dayAgo(6)}&to=${dayAgo(4)}`))
  t.ok(month >= 29, `${month} days of a month`)
  t.ok(week >= 6 && week <= 7, `${week} days of a week`)
  t.ok(since >= 8 && since <= 9, `${since} days since a release of 8 days ago`)
  t.equal(own, 3)
})

t.test('the range keeps its place in the address of what a page leads to', async t => {
  const overview = linksOf(await read('/?days=90'))
  t.ok(overview.includes('/modules/notes?days=90'), 'from the overview to a module')
  t.ok(
    overview.includes('/overview/insights?days=90') || /data-src="\/overview\/insights\?days=90"/
      .test(await read('/?days=90')),
    'a live page fetches the same range'
  )
  const heat = linksOf(await read('/modules?since=2.4.0'))
  t.ok(heat.includes('/modules/notes?since=2.4.0'), 'from the heat map to a module')
  t.ok(heat.includes('/modules?since=2.4.0&show=friction'), 'and to another mode')
})

t.test('what is not known is told, and the usual range is shown', async t => {
  const wrong = {
    'days=31':
      /“31” is not known as days, so the last 30 days are shown\. Wanted: 1, 7, 14, 30, 90/,
    'since=9.9': /“9\.9” is not known as a release.*such as 2\.5\.0, 2\.4\.0, 2\.3\.0/,
    'from=yesterday': /“yesterday” is not known as from.*a day such as 2026-11-23/,
    'to=2026-02-30': /“2026-02-30” is not known as to/,
    'from=2026-01-05&to=2026-01-01': /No day that has begun lies between 2026-01-05 and 2026-01-01/,
    'from=1950-01-01': /at most 366 days/,
    'app=shop': /“shop” is not known as app, so main is shown/
  }
  for (const [query, said] of Object.entries(wrong)) {
    for (const path of ['/', '/modules', '/modules/notes']) {
      const response = await app.inject({ url: `${path}?${query}`, headers })
      t.equal(response.statusCode, 200, `${path}?${query}`)
      t.match(textOf(response.body), said, `${path}?${query}`)
    }
  }
  t.match(textOf(await read('/modules?show=heat')), /“heat” is not known as show/)
  t.match(textOf(await read('/modules/notes?rating=9')), /“9” is not known as rating/)
  t.match(textOf(await read('/modules/notes?persona=me')), /“me” is not known as persona/)
  t.notMatch(textOf(await read('/?days=90')), /is not known/)
})

t.test('personas stand in the order of unhappiness or of their fall, with the numbers', async t => {
  const numbersOf = (body: string, cell: RegExp) =>
    [...body.matchAll(cell)].map(match => Number((match[1] ?? '').replace('−', '-')))
  const unhappy = numbersOf(
    await read('/personas?sort=unhappiness'),
    /data-label="Rating, 7 days">(\d\.\d)/g
  )
  t.equal(unhappy.length, 19)
  t.same(unhappy, unhappy.toSorted((a, b) => a - b))
  const fallen = numbersOf(
    await read('/personas?sort=change'),
    /data-label="Change">([−+]\d\.\d)/g
  )
  t.ok(fallen.length > 0)
  t.same(fallen, fallen.toSorted((a, b) => a - b))
  t.equal((await app.inject({ url: '/personas?sort=last-day', headers })).statusCode, 200)
  t.match(textOf(await read('/personas?sort=mood')), /“mood” is not known as sort.*unhappiness/)
})
