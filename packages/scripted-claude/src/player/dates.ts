/** January first; the first three letters tell them apart in German and in English. */
const MONTHS = [
  'jan|jän',
  'feb',
  'mar|mär',
  'apr',
  'may|mai',
  'jun',
  'jul',
  'aug',
  'sep',
  'oct|okt',
  'nov',
  'dec|dez'
]
  .map(letters => new RegExp(`\\b(?:${letters})`, 'i'))

/**
 * The day that a prompt names ("Montag, 23. November 2026", "November 23, 2026", "2026-11-23"), as
 * midnight UTC. `undefined` when it names none.
 */
export function readDay (text: string): Date | undefined {
  const iso = /\b(\d{4})-(\d{2})-(\d{2})\b/.exec(text)
  if (iso) return dayOf(Number(iso[1]), Number(iso[2]), Number(iso[3]))
  const dotted = /\b(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\b/.exec(text)
  if (dotted) return dayOf(Number(dotted[3]), Number(dotted[2]), Number(dotted[1]))
  const month = MONTHS.findIndex(name => name.test(text))
  const year = /\b(\d{4})\b/.exec(text)
  const day = /(?<!\d)(\d{1,2})(?!\d)/.exec(text)
  return month >= 0 && year && day ? dayOf(Number(year[1]), month + 1, Number(day[1])) : undefined
}

function dayOf (year: number, month: number, day: number): Date {
  return new Date(Date.UTC(year, month - 1, day))
}

/** As `2026-11-23`. */
export function isoDay (day: Date, offsetDays = 0): string {
  return new Date(day.getTime() + offsetDays * 86_400_000).toISOString().slice(0, 10)
}
