/** One channel of one module on a grid of personas and days. */
export interface Visits {
  /** `values[persona * days + day]`; NaN where the persona did not visit on that day. */
  values: Float64Array
  personas: number
  days: number
  /** Days before this index lie before the release, those from it on after. */
  daysBefore: number
}

/**
 * The values of one persona from day `from` to before day `to`, with their day; gaps are left out.
 */
export function visitsOf (
  { values, days }: Visits,
  persona: number,
  from: number,
  to: number
): Visit[] {
  const visits: Visit[] = []
  for (let day = from; day < to; day++) {
    const value = values[persona * days + day]
    if (value !== undefined && !Number.isNaN(value)) visits.push({ day, value })
  }
  return visits
}

export interface Visit {
  day: number
  value: number
}

export const meanOf = (visits: readonly Visit[]) =>
  visits.reduce((sum, visit) => sum + visit.value, 0) / visits.length
