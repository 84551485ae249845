/**
 * Whether this process's calendar knows the zone; the database has its own say when the persona is
 * stored. An offset such as `+02:00` is none: Postgres counts its sign the other way round (POSIX).
 */
export function isTimeZone (name: string): boolean {
  try {
    return /^[A-Za-z]/.test(name) &&
      new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

export function isLocale (tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}
