/**
 * Where everything of a plot over days stands. Across, places are shares of the width in percent,
 * so that the drawing fits a phone and its words keep their size; upwards they are pixels. Pure.
 */

interface PlotPoint {
  x: number
  y: number
  value: number
  label: string
  /** Day (UTC), such as 2026-11-23. */
  day: string
}

interface PlotRelease {
  version: string
  x: number
  anchor: 'start' | 'end'
  /** Where its name has room: everywhere, on wide screens only, or nowhere. */
  named: 'always' | 'wide-only' | 'never'
}

export interface TimePlot {
  height: number
  left: number
  right: number
  top: number
  bottom: number
  points: PlotPoint[]
  /** Single values, as large as they were given often. */
  dots: { x: number, y: number, r: number, label: string }[]
  /** Between points of days that follow each other. */
  lines: { x1: number, y1: number, x2: number, y2: number }[]
  /** Means before and after a release, as far as they reach. */
  bands: { x: number, width: number, y: number, label: string, side: 'before' | 'after' }[]
  rules: { y: number, label: string }[]
  releases: PlotRelease[]
  days: { x: number, label: string, named: 'always' | 'wide-only', anchor: 'middle' | 'end' }[]
}

export interface PlotSource {
  range: { from: string, to: string }
  height: number
  low: number
  high: number
  rules: number[]
  points: { day: string, value: number, label: string }[]
  dots?: { day: string, value: number, n: number }[]
  releases: { version: string, at: string }[]
  bands?: { from: string, to: string, value: number, side: 'before' | 'after' }[]
}

const MAX_RADIUS = 11
const LEFT = 5
const RIGHT = 98
const TOP = 24
const BOTTOM = 22
const DAY_MS = 24 * 60 * 60 * 1000
/** Of a letter at 11 px, on the narrowest plot that we draw for, and on a wide one. */
const LETTER = { narrow: 7 / 330 * 100, wide: 7 / 640 * 100 }

const round = (value: number) => Math.round(value * 10) / 10

export function plotDays (source: PlotSource): TimePlot {
  const { height, low, high, points, range } = source
  const [from, to] = [Date.parse(range.from), Date.parse(range.to)]
  const xOf = (at: number) =>
    round(LEFT + Math.min(1, Math.max(0, (at - from) / (to - from))) * (RIGHT - LEFT))
  const bottom = height - BOTTOM
  const yOf = (value: number) =>
    round(bottom - (Math.min(high, Math.max(low, value)) - low) / (high - low) * (bottom - TOP))
  const placed = points.map(point => ({
    ...point,
    x: xOf(Date.parse(point.day) + DAY_MS / 2),
    y: yOf(point.value)
  }))
  return {
    height,
    left: LEFT,
    right: RIGHT,
    top: TOP,
    bottom,
    points: placed,
    dots: (source.dots ?? []).map(({ day, value, n }) => ({
      x: xOf(Date.parse(day) + DAY_MS / 2),
      y: yOf(value),
      r: round(Math.min(MAX_RADIUS, 3 * Math.sqrt(n))),
      label: `${day}: ${n} × ${value}`
    })),
    lines: joined(placed),
    bands: (source.bands ?? []).map(band => ({
      x: xOf(Date.parse(band.from)),
      width: Math.max(0, round(xOf(Date.parse(band.to)) - xOf(Date.parse(band.from)))),
      y: yOf(band.value),
      label: band.value.toFixed(1),
      side: band.side
    })),
    rules: source.rules.map(value => ({ y: yOf(value), label: String(value) })),
    releases: nameReleases(source.releases.filter(({ at }) => Date.parse(at) >= from), xOf),
    days: dayLabels(from, to, xOf)
  }
}

/** A day without a value leaves a gap. */
function joined (points: PlotPoint[]): TimePlot['lines'] {
  return points.slice(1).flatMap((point, i) => {
    const before = points[i]
    if (before === undefined || Date.parse(point.day) - Date.parse(before.day) > DAY_MS) return []
    return [{ x1: before.x, y1: before.y, x2: point.x, y2: point.y }]
  })
}

/** The newest is named first; a name that would touch one that is there is left out. */
export function nameReleases (
  releases: { version: string, at: string }[],
  xOf: (at: number) => number
): PlotRelease[] {
  const taken = { narrow: Infinity, wide: Infinity }
  return releases.toReversed().map(({ version, at }) => {
    const x = xOf(Date.parse(at))
    const fits = (size: 'narrow' | 'wide') => {
      const length = (version.length + 1) * LETTER[size]
      const isLeft = x + length > 100
      const [begin, end] = isLeft ? [x - length, x] : [x, x + length]
      if (begin < 0 || end > taken[size]) return false
      taken[size] = begin
      return true
    }
    const [narrow, wide] = [fits('narrow'), fits('wide')]
    const anchor: PlotRelease['anchor'] = x + (version.length + 1) * LETTER.narrow > 100
      ? 'end'
      : 'start'
    return { version, x, anchor, named: narrow ? 'always' : wide ? 'wide-only' : 'never' } as const
  }).reverse()
}

const MOST_LABELS = 8

/** Three for a phone, and those between for a wide screen. */
function dayLabels (from: number, to: number, xOf: (at: number) => number): TimePlot['days'] {
  const days = Math.max(1, Math.round((to - from) / DAY_MS))
  const every = Math.ceil(days / MOST_LABELS)
  const first = Math.ceil(from / DAY_MS) * DAY_MS
  return Array.from({ length: Math.ceil(days / every) }, (_, i) => {
    const at = first + i * every * DAY_MS
    const x = xOf(at + DAY_MS / 2)
    const text = new Date(at).toLocaleString('en-GB', {
      day: 'numeric',
      month: 'short',
      timeZone: 'UTC'
    })
    return {
      x,
      label: text,
      named: i % 3 === 0 ? 'always' as const : 'wide-only' as const,
      anchor: x > 94 ? 'end' as const : 'middle' as const
    }
  }).filter(({ x }) => x < RIGHT)
}
