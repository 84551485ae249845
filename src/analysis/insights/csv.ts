/** CSV as RFC 4180 has it, safe to open in a spreadsheet. Pure. */

/**
 * What a spreadsheet takes for the beginning of a formula; texts of an app and of a model must
 * never run in an operator's Excel (OWASP: CSV injection). The wide forms count too in some
 * languages' editions.
 */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/

/** Null and undefined are empty; objects are written as JSON. */
export function csvCell (value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value instanceof Date) return value.toISOString()
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const harmless = FORMULA.test(text) ? `'${text}` : text
  return NEEDS_QUOTES.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

export function csvLine (cells: unknown[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}
