/**
 * Times of one thing among its peers, taken in turns, so that what else the machine does hits all
 * of them.
 */

export interface Spread {
  min: number
  median: number
  p95: number
  max: number
  n: number
}

export function spreadOf (values: number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) =>
    round(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN)
  return {
    min: round(sorted[0] ?? NaN),
    median: at(0.5),
    p95: at(0.95),
    max: at(1),
    n: sorted.length
  }
}

/** Each so often without being counted, then all in turns. @returns milliseconds */
export async function inTurns<Name extends string> (
  arms: Record<Name, () => Promise<unknown>>,
  rounds: number,
  warmUp = 1
): Promise<Record<Name, Spread>> {
  const names = Object.keys(arms) as Name[]
  const times = new Map<Name, number[]>(names.map(name => [name, []]))
  for (let i = 0; i < warmUp; i++) for (const name of names) await arms[name]()
  for (let round = 0; round < rounds; round++) {
    for (const name of names) times.get(name)?.push(await timed(arms[name]))
  }
  return Object.fromEntries(names.map(name => [name, spreadOf(times.get(name) ?? [])])) as Record<
    Name,
    Spread
  >
}

export async function timed (work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

/** As cells of a table. */
export const cells = ({ min, median, p95, max, n }: Spread) => ({ min, median, p95, max, n })

export const round = (value: number) => Math.round(value * 100) / 100
