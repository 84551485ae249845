import { BadRequestError } from '../errors.ts'

/**
 * An instant that a client sent, as it may go into a statement. The format `date-time` lets a few
 * through that have no place on JavaScript's or on Postgres' calendar (leap seconds, the year 0).
 * @throws BadRequestError naming the field
 */
export function readInstant (text: string, field: string): string {
  const at = new Date(text)
  const year = at.getUTCFullYear()
  if (!(year >= 1 && year <= 9999)) {
    throw new BadRequestError(`${field} must be an instant like 2026-11-23T08:00:00Z`)
  }
  return at.toISOString()
}
