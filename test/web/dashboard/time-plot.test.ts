import t from 'tap'
import { nameReleases, plotDays } from '../../../src/web/dashboard/time-plot.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const START = Date.parse('2026-01-01T00:00:00Z')
const at = (days: number) => new Date(START + days * DAY_MS).toISOString()
const day = (days: number) => at(days).slice(0, 10)

t.test('names of releases never touch, with two deploys a day for a month', async t => {
  const releases = Array.from({ length: 60 }, (_, i) => ({ version: `2.${i}.0`, at: at(i / 2) }))
  const xOf = (ms: number) => 5 + (ms - START) / (30 * DAY_MS) * 93
  const named = nameReleases(releases, xOf)
  t.equal(named.length, 60, 'each has its tick')
  t.equal(named.at(-1)?.named, 'always', 'the newest has its name')
  for (const [look, letter] of [['always', 7 / 330 * 100], ['wide-only', 7 / 640 * 100]] as const) {
    const spans = named.filter(each => each.named === 'always' || each.named === look)
      .map(({ version, x, anchor }) => {
        const length = version.length * letter
        return anchor === 'end' ? [x - length, x] : [x, x + length]
      })
    t.ok(spans.length > 1, `${look}: ${spans.length} names`)
    for (const [i, [begin = 0, end = 0]] of spans.entries()) {
      t.ok(begin >= 0 && end <= 100, `${look}: ${i} is within the plot`)
      t.ok(end <= (spans[i + 1]?.[0] ?? 100), `${look}: ${i} ends before the next begins`)
    }
  }
})

t.test('a day without a value leaves a gap, and bands reach from release to release', async t => {
  const plot = plotDays({
    range: { from: at(0), to: at(10) },
    height: 160,
    low: 1,
    high: 5,
    rules: [1, 5],
    points: [0, 1, 3].map(days => ({ day: day(days), value: 3, label: String(days) })),
    releases: [{ version: '1', at: at(5) }, { version: '0', at: at(-1) }],
    bands: [{ from: at(0), to: at(5), value: 5, side: 'before' }]
  })
  t.equal(plot.lines.length, 1)
  t.same(plot.releases.map(({ version, x }) => [version, x]), [['1', 51.5]])
  t.match(plot.bands, [{ x: 5, width: 46.5, y: plot.top }])
  t.equal(plot.rules[0]?.y, plot.bottom)
})
