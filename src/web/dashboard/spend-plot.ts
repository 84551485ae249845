import type { SpendDay } from './runner.ts'

/**
 * Where everything of the plot of tokens per day stands: what is charged in full below, what came
 * from the cache above. Pure.
 */

interface SpendPlot {
  width: number
  height: number
  bars: { x: number, width: number, fresh: Bar, cached: Bar, label: string }[]
  rules: { y: number, value: number }[]
  days: { x: number, label: string }[]
}

interface Bar {
  y: number
  height: number
}

const WIDTH = 720
const HEIGHT = 190
const EDGE = { left: 44, right: 4, top: 10, bottom: 24 }
const GAP = 6

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const round = (value: number) => Math.round(value * 10) / 10

export function plotSpend (days: SpendDay[]): SpendPlot {
  const top = niceTop(Math.max(...days.map(day => day.input + day.output + day.cacheRead), 1))
  const floor = HEIGHT - EDGE.bottom
  const heightOf = (tokens: number) => round(tokens / top * (floor - EDGE.top))
  const step = (WIDTH - EDGE.left - EDGE.right) / days.length
  const bars = days.map((day, i) => {
    const fresh = heightOf(day.input + day.output)
    const cached = heightOf(day.cacheRead)
    return {
      x: round(EDGE.left + i * step + GAP / 2),
      width: round(step - GAP),
      fresh: { y: round(floor - fresh), height: fresh },
      cached: { y: round(floor - fresh - cached), height: cached },
      label: day.day
    }
  })
  return {
    width: WIDTH,
    height: HEIGHT,
    bars,
    rules: [0, 0.5, 1].map(share => ({
      y: round(floor - share * (floor - EDGE.top)),
      value: share * top
    })),
    // Every other one: they have room on a phone too.
    days: bars.filter((_, i) => (days.length - 1 - i) % 2 === 0)
      .map(({ x, width, label }) => ({
        x: round(x + width / 2),
        label: DAY.format(new Date(label))
      }))
  }
}

/** 1, 2, 5, 10, 20 … whichever is the first that is large enough. */
function niceTop (value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find(factor => factor * power >= value) ?? 10) * power
}
