/** The regularised incomplete beta function, from which Student's t is computed. Pure. */

/** Lanczos' coefficients for g = 7 and nine terms (Press et al., Numerical Recipes, 6.1). */
const LANCZOS = [
  0.99999999999980993,
  676.5203681218851,
  -1259.1392167224028,
  771.32342877765313,
  -176.61502916214059,
  12.507343278686905,
  -0.13857109526572012,
  9.9843695780195716e-6,
  1.5056327351493116e-7
]
const LANCZOS_G = 7

/** The natural logarithm of the gamma function, for x > 0. */
function logGamma (x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x)
  const z = x - 1
  const t = z + LANCZOS_G + 0.5
  const [first = 0, ...rest] = LANCZOS
  const sum = rest.reduce((total, coefficient, i) => total + coefficient / (z + i + 1), first)
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum)
}

const TINY = 1e-300
const PRECISION = 1e-15
const MAX_TERMS = 500

/** I(x; a, b), for a, b > 0 and x from 0 to 1. Accurate to about 13 digits. */
export function incompleteBeta (x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // The continued fraction converges fast below this point only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const logFront = logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) +
    b * Math.log1p(-x)
  return Math.exp(logFront) * continuedFraction(x, a, b) / a
}

/** By Lentz' method (Press et al., 6.4). */
function continuedFraction (x: number, a: number, b: number): number {
  let c = 1
  let d = 1 / notZero(1 - (a + b) * x / (a + 1))
  let result = d
  const step = (term: number) => {
    d = 1 / notZero(1 + term * d)
    c = notZero(1 + term / c)
    result *= d * c
  }
  for (let m = 1; m < MAX_TERMS; m++) {
    step(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)))
    step(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)))
    if (Math.abs(d * c - 1) < PRECISION) break
  }
  return result
}

const notZero = (value: number) => Math.abs(value) < TINY ? TINY : value
