/**
 * How pages write times and numbers. Pure. What returns markup escapes all it is given: templates
 * write it with `<%~ %>`, everything else with `<%= %>`.
 */

/** HTML that is safe as it is. */
export type Markup = string

type Instant = Date | string

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

export function escape (text: string): Markup {
  return text.replace(/[&<>"']/g, character => ESCAPES[character] ?? '')
}

const MISSING = '–'
const WHOLE = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 })
const COMPACT = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumFractionDigits: 1 })

/** `12,345`; a dash for what is not known. */
export function number (value: number | null | undefined): string {
  return value === null || value === undefined ? MISSING : WHOLE.format(value)
}

/** `12.3K`, where only the size matters. */
export function compact (value: number | null | undefined): string {
  return value === null || value === undefined ? MISSING : COMPACT.format(value)
}

/** `$12.30`; small amounts keep two digits that say something: `$0.0042`. */
export function usd (value: number | null | undefined): string {
  if (value === null || value === undefined) return MISSING
  return `$${value === 0 || value >= 0.1 ? value.toFixed(2) : value.toPrecision(2)}`
}

/** `1 run`, `2 runs`. */
export function count (value: number, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`
}

/**
 * A mean never stands alone: `3.2 (n 14, 2.7–3.7)`, or `– (n 2)` where there are too few for one.
 */
export function mean (
  value: number | null,
  n: number,
  low?: number | null,
  high?: number | null
): string {
  if (value === null) return `${MISSING} (n ${number(n)})`
  const interval = low === null || low === undefined || high === null || high === undefined
    ? ''
    : `, ${low.toFixed(1)}–${high.toFixed(1)}`
  return `${value.toFixed(1)} (n ${number(n)}${interval})`
}

/** `850 ms`, `4.2 s`, `42 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration (ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return MISSING
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`
  const seconds = Math.floor(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return pair(seconds, 60, 'min', 1, 's')
  return seconds < 86_400
    ? pair(seconds, 3600, 'h', 60, 'min')
    : pair(seconds, 86_400, 'd', 3600, 'h')
}

function pair (
  value: number,
  large: number,
  largeUnit: string,
  small: number,
  smallUnit: string
): string {
  const rest = Math.floor(value % large / small)
  return `${Math.floor(value / large)} ${largeUnit}${rest > 0 ? ` ${rest} ${smallUnit}` : ''}`
}

/**
 * A time that assets/app.js writes anew in the reader's zone.
 * @param zone a persona's: the time of day there is shown beside the reader's
 */
export function date (at: Instant | null | undefined, zone?: string): Markup {
  if (at === null || at === undefined) return MISSING
  const iso = new Date(at).toISOString()
  const there = zone === undefined ? '' : ` data-zone="${escape(zone)}"`
  return `<time datetime="${iso}"${there}>${utcText(iso)}</time>`
}

function utcText (iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`
}

/** `3 min ago`, `in 5 min`; kept up to date in the page. */
export function ago (at: Instant | null | undefined, now: Date = new Date()): Markup {
  if (at === null || at === undefined) return MISSING
  const iso = new Date(at).toISOString()
  return `<time datetime="${iso}" data-ago title="${utcText(iso)}">${
    agoText(now.getTime() - new Date(iso).getTime())
  }</time>`
}

function agoText (ms: number): string {
  const size = Math.abs(ms)
  if (size < 5000) return 'now'
  const text = size < 60_000 ? `${Math.floor(size / 1000)} s` : coarse(Math.floor(size / 60_000))
  return ms >= 0 ? `${text} ago` : `in ${text}`
}

function coarse (minutes: number): string {
  if (minutes < 60) return `${minutes} min`
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`
}

/** How long something has been going on: `12 s`, counted on in the page. */
export function since (at: Instant | null | undefined, now: Date = new Date()): Markup {
  if (at === null || at === undefined) return MISSING
  const iso = new Date(at).toISOString()
  return `<time datetime="${iso}" data-since>${
    duration(Math.max(0, now.getTime() - new Date(iso).getTime()))
  }</time>`
}
