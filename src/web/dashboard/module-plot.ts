import type { ModuleInsight } from '../../analysis/insights/schemas.ts'
import type { DayOfRatings, Release } from './module.ts'
import { plotDays, type PlotSource, type TimePlot } from './time-plot.ts'

/** The two plots of a module's page, ratings and friction, on one clock. Pure. */

const DAY_MS = 24 * 60 * 60 * 1000
const MIN_DAYS = 7
const HEIGHTS = { rating: 220, friction: 110 }

interface PlotData {
  range: { from: string, to: string }
  ratings: DayOfRatings[]
  trend: ModuleInsight['trend']
  releases: Release[]
  /** Means before and after the latest change. */
  bands: NonNullable<PlotSource['bands']>
}

export function plotModule (
  { range, ratings, trend, releases, bands }: PlotData
): { rating: TimePlot, friction: TimePlot } {
  const from = new Date(firstDay({ range, ratings, trend, releases })).toISOString()
  const shared = { range: { from, to: range.to }, releases }
  const within = bands.map(band => ({ ...band, from: band.from < from ? from : band.from }))
  return {
    rating: plotDays({
      ...shared,
      height: HEIGHTS.rating,
      low: 1,
      high: 5,
      rules: [1, 2, 3, 4, 5],
      points: pointsOf(trend, 'mean'),
      dots: ratings.map(({ day, rating, n }) => ({ day, value: rating, n })),
      bands: within.filter(band => band.to > from)
    }),
    friction: plotDays({
      ...shared,
      height: HEIGHTS.friction,
      low: 0,
      high: 100,
      rules: [0, 50, 100],
      points: pointsOf(trend, 'friction')
    })
  }
}

function pointsOf (trend: PlotData['trend'], channel: 'mean' | 'friction') {
  return trend.flatMap(point => {
    const { [channel]: value } = point
    if (value === null) return []
    const day = point.at.slice(0, 10)
    const said = channel === 'mean'
      ? `mean ${value.toFixed(2)}, n ${point.n}`
      : `friction ${value}, ${point.calls} calls`
    return [{ day, value, label: `${day}: ${said}` }]
  })
}

/**
 * The first day with anything to show, so that an app that is new here does not get an empty sheet;
 * a week at least.
 */
function firstDay ({ range, ratings, trend, releases }: Omit<PlotData, 'bands'>): number {
  const known = [
    ...ratings.map(({ day }) => day),
    ...trend.map(({ at }) => at),
    ...releases.map(({ at }) => at)
  ].map(at => Date.parse(at))
  const first = Math.min(Date.parse(range.to) - (MIN_DAYS - 1) * DAY_MS, ...known)
  return Math.floor(Math.max(Date.parse(range.from), first) / DAY_MS) * DAY_MS
}
