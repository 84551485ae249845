import type { Persona } from './schemas.ts'

/** The names of the modules a persona likes, the most important first. Pure. */
export function favouriteModules ({ moduleMix }: Pick<Persona, 'moduleMix'>): string[] {
  return Object.entries(moduleMix).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map((
    [module]
  ) => module)
}

/**
 * Today where the persona lives, in its own language: `Montag, 23. November 2026 (2026-11-23)`.
 * Without the hour: a persona has its own times of day.
 */
export function today (
  { timeZone, locale }: Pick<Persona, 'timeZone' | 'locale'>,
  now = new Date()
): string {
  const words = formatFor(locale, 'full', timeZone).format(now)
  return `${words} (${isoDate({ timeZone }, now)})`
}

/** Today's date where the persona lives, such as `2026-11-23`. */
export function isoDate ({ timeZone }: Pick<Persona, 'timeZone'>, now = new Date()): string {
  return formatFor('sv-SE', 'short', timeZone).format(now)
}

/**
 * Making one takes a fifth of a millisecond. There are as many as zones and languages in the cast.
 */
const formats = new Map<string, Intl.DateTimeFormat>()

function formatFor (
  locale: string,
  dateStyle: 'full' | 'short',
  timeZone: string
): Intl.DateTimeFormat {
  const key = `${locale} ${dateStyle} ${timeZone}`
  const format = formats.get(key) ?? new Intl.DateTimeFormat(locale, { dateStyle, timeZone })
  formats.set(key, format)
  return format
}
