const STEPS = 200

/** The point between `low` and `high` where a rising condition turns true, to a relative 1e-12. */
export function bisect (low: number, high: number, isAbove: (x: number) => boolean): number {
  for (let i = 0; i < STEPS && high - low > 1e-12 * (1 + Math.abs(high)); i++) {
    const middle = (low + high) / 2
    if (isAbove(middle)) high = middle
    else low = middle
  }
  return (low + high) / 2
}
