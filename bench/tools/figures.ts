/** Figures of repeated measurements. Pure. */

export function median (values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}

/** As a table shows it: noise is told, not hidden. */
export function spread (
  values: number[],
  digits = 1
): { median: number, min: number, max: number } {
  return {
    median: round(median(values), digits),
    min: round(Math.min(...values), digits),
    max: round(Math.max(...values), digits)
  }
}

export function round (value: number, digits = 1): number {
  return Number(value.toFixed(digits))
}
