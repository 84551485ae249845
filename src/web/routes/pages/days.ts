import type { Queryable } from '../../../platform/db/database.ts'
import { databaseNow } from '../../../analysis/insights/filters.ts'

/** How far back a page looks, in days. */
export const RANGES = [7, 30, 90]
const STANDARD = 30
const DAY_MS = 24 * 60 * 60 * 1000

interface Days {
  days: number
  from: string
  /** What an address must say; nothing for the usual range. */
  kept: number | undefined
}

export async function readDays (db: Queryable, given: string | undefined): Promise<Days> {
  const days = RANGES.find(count => String(count) === given) ?? STANDARD
  const from = new Date(Date.parse(await databaseNow(db)) - days * DAY_MS).toISOString()
  return { days, from, kept: days === STANDARD ? undefined : days }
}
