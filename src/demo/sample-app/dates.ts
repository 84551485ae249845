/**
 * The app knows one calendar day for everybody, in UTC: time zones are not what it is there to
 * show.
 */
export function dayFromToday (offsetDays: number): string {
  const day = new Date()
  day.setUTCDate(day.getUTCDate() + offsetDays)
  return day.toISOString().slice(0, 10)
}

export function today (): string {
  return dayFromToday(0)
}
