import type { ModuleInsight } from '../../analysis/insights/schemas.ts'
import type { DayOfRatings, Release } from './module.ts'

/**
 * Where everything of a module's plot stands: ratings as dots by day, their means as a line,
 * friction as bars below. Pure.
 */

interface ModulePlot {
  width: number
  height: number
  left: number
  right: number
  /** One dot per day and number, as large as it was given often. */
  dots: { x: number, y: number, r: number, label: string }[]
  means: { x: number, y: number, label: string }[]
  /** The means joined, as `points` of a polyline. */
  meanLine: string
  bars: { x: number, y: number, width: number, height: number, label: string }[]
  releases: { x: number, anchor: 'start' | 'end', version: string }[]
  days: { x: number, label: string }[]
  ratingRules: { y: number, label: string }[]
  frictionRules: { y: number, label: string }[]
  top: number
  bottom: number
}

const WIDTH = 860
const EDGE = { left: 34, right: 12 }
const RATINGS = { top: 26, bottom: 186 }
const FRICTION = { top: 228, bottom: 298 }
const HEIGHT = 324
const DAY_MS = 24 * 60 * 60 * 1000
const MAX_RADIUS = 14
const MIN_DAYS = 7

const round = (value: number) => Math.round(value * 10) / 10
const yOfRating = (rating: number) =>
  round(RATINGS.bottom - (rating - 1) / 4 * (RATINGS.bottom - RATINGS.top))
const yOfFriction = (friction: number) =>
  round(FRICTION.bottom - friction / 100 * (FRICTION.bottom - FRICTION.top))

interface PlotData {
  range: { from: string, to: string }
  ratings: DayOfRatings[]
  trend: ModuleInsight['trend']
  releases: Release[]
}

/**
 * The first day with anything to show, so that an app that is new here does not get an empty sheet;
 * a week at least.
 */
function firstDay ({ range, ratings, trend, releases }: PlotData): number {
  const known = [
    ...ratings.map(({ day }) => day),
    ...trend.map(({ at }) => at),
    ...releases.map(({ at }) => at)
  ].map(at => Date.parse(at))
  const first = Math.min(Date.parse(range.to) - (MIN_DAYS - 1) * DAY_MS, ...known)
  return Math.floor(Math.max(Date.parse(range.from), first) / DAY_MS) * DAY_MS
}

export function plotModule (data: PlotData): ModulePlot {
  const { range, ratings, trend, releases } = data
  const from = firstDay(data)
  const days = Math.max(1, Math.ceil((Date.parse(range.to) - from) / DAY_MS))
  const step = (WIDTH - EDGE.left - EDGE.right) / days
  const xOf = (at: number) => round(EDGE.left + (at - from) / DAY_MS * step)
  const middleOf = (day: string) => round(xOf(Date.parse(day)) + step / 2)
  const means = trend.flatMap(({ at, mean, n }) =>
    mean === null
      ? []
      : [{
        x: middleOf(at),
        y: yOfRating(mean),
        label: `${at.slice(0, 10)}: mean ${mean.toFixed(2)}, n ${n}`
      }]
  )
  return {
    width: WIDTH,
    height: HEIGHT,
    left: EDGE.left,
    right: WIDTH - EDGE.right,
    dots: ratings.map(({ day, rating, n }) => ({
      x: middleOf(day),
      y: yOfRating(rating),
      r: round(Math.min(MAX_RADIUS, 4 * Math.sqrt(n))),
      label: `${day}: ${n} × ${rating}`
    })),
    means,
    meanLine: means.map(({ x, y }) => `${x},${y}`).join(' '),
    bars: barsOf(trend, xOf, step),
    releases: releases.map(({ version, at }) => {
      const x = xOf(Date.parse(at))
      return { x, anchor: x > WIDTH * 0.8 ? 'end' as const : 'start' as const, version }
    }),
    days: dayLabels(from, days, step),
    ratingRules: [1, 2, 3, 4, 5].map(rating => ({ y: yOfRating(rating), label: String(rating) })),
    frictionRules: [0, 50, 100].map(friction => ({
      y: yOfFriction(friction),
      label: String(friction)
    })),
    top: RATINGS.top,
    bottom: FRICTION.bottom
  }
}

function barsOf (
  trend: PlotData['trend'],
  xOf: (at: number) => number,
  step: number
): ModulePlot['bars'] {
  return trend.flatMap(({ at, friction, calls }) =>
    friction === null
      ? []
      : [{
        x: round(xOf(Date.parse(at)) + step * 0.15),
        y: Math.min(yOfFriction(friction), FRICTION.bottom - 1),
        width: round(Math.max(1, step * 0.7)),
        height: Math.max(1, round(FRICTION.bottom - yOfFriction(friction))),
        label: `${at.slice(0, 10)}: friction ${friction}, ${calls} calls`
      }]
  )
}

/** About one label for a hundred pixels, each at the middle of its day. */
function dayLabels (from: number, days: number, step: number): ModulePlot['days'] {
  const every = Math.max(1, Math.ceil(90 / step))
  return Array.from({ length: Math.ceil(days / every) }, (_, i) => {
    const at = new Date(from + i * every * DAY_MS)
    return {
      x: round(EDGE.left + (i * every + 0.5) * step),
      label: `${at.getUTCDate()} ${at.toLocaleString('en-GB', { month: 'short', timeZone: 'UTC' })}`
    }
  })
}
