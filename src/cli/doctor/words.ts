/** How figures are written. Pure. */

/** Two digits that count, and whole cents from a dollar on. */
export function dollars (usd: number): string {
  if (usd === 0 || usd >= 1) return `$${usd.toFixed(2)}`
  return `$${
    Number(usd.toPrecision(2)).toFixed(Math.min(8, Math.max(2, 1 - Math.floor(Math.log10(usd)))))
  }`
}

export const count = (n: number, one: string, many = `${one}s`) =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`
