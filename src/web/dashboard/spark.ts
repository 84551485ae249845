import { escape, type Markup } from './format.ts'

/** Small drawings as inline SVG, without a style or a script in them. Pure. */

export interface SparkOptions {
  /** What it shows, for those who do not see it. */
  label: string
  low: number
  high: number
}

const WIDTH = 96
const HEIGHT = 24
const EDGE = 3

const round = (value: number) => Math.round(value * 10) / 10

/**
 * A trend line; a gap where a value is null, and a dot at the last one. Needs nothing but the
 * numbers.
 */
export function spark (values: (number | null)[], { label, low, high }: SparkOptions): Markup {
  const x = (i: number) =>
    round(values.length < 2 ? WIDTH / 2 : EDGE + i / (values.length - 1) * (WIDTH - 2 * EDGE))
  const y = (value: number) =>
    round(
      HEIGHT - EDGE -
        (Math.min(high, Math.max(low, value)) - low) / (high - low) * (HEIGHT - 2 * EDGE)
    )
  const points = values.map((value, i) => value === null ? null : { x: x(i), y: y(value) })
  const last = points.findLast(point => point !== null)
  const lines = stretches(points).map(stretch =>
    `<polyline points="${stretch.map(p => `${p.x},${p.y}`).join(' ')}"/>`
  ).join('')
  const dot = last === undefined || last === null
    ? ''
    : `<circle cx="${last.x}" cy="${last.y}" r="2.5"/>`
  const floor = `<line class="floor" x1="0" x2="${WIDTH}" y1="${HEIGHT - 0.5}" y2="${
    HEIGHT - 0.5
  }"/>`
  const drawing = `${floor}${lines}${dot}`
  return `<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${
    escape(label)
  }">${drawing}</svg>`
}

interface Point {
  x: number
  y: number
}

/** Two points at least make a line. */
function stretches (points: (Point | null)[]): Point[][] {
  const found: Point[][] = [[]]
  for (const point of points) {
    if (point === null) found.push([])
    else found.at(-1)?.push(point)
  }
  return found.filter(stretch => stretch.length > 1)
}
