/** Sentences about values in an address that nothing is known of. Pure. */

interface Given {
  name: string
  given: string | undefined
  /** Undefined: the value is not known. */
  understood: unknown
  wanted: string
  /** What happens instead. */
  instead?: string
}

/** Null: nothing was given, or it is known. */
export function hint (
  { name, given, understood, wanted, instead = 'it filters nothing' }: Given
): string | null {
  return given === undefined || given === '' || understood !== undefined
    ? null
    : `“${given}” is not known as ${name}, so ${instead}. Wanted: ${wanted}.`
}

/** Days before 1900 or after 2199 are typing errors, and beyond what every store can count with. */
const DAY = /^(19|20|21)\d\d-\d\d-\d\d$/

/** A day that is in the calendar; undefined for all else. */
export function dayOf (given: string | undefined): string | undefined {
  if (given === undefined || !DAY.test(given)) return undefined
  const at = new Date(`${given}T00:00:00Z`)
  const isDay = !Number.isNaN(at.getTime()) && at.toISOString().startsWith(given)
  return isDay ? given : undefined
}
