/** Where a request to a page comes from, and where it may lead. Pure. */

type Headers = Record<string, string | string[] | undefined>

const text = (value: string | string[] | undefined) => typeof value === 'string' ? value : undefined

/**
 * Whether a page of ours sent this request. Browsers say so in Sec-Fetch-Site, older ones in
 * Origin; who says neither is refused.
 * @param publicUrl where browsers find the pages; undefined: where they say that they are
 */
export function isSameOrigin (headers: Headers, publicUrl?: string): boolean {
  const site = text(headers['sec-fetch-site'])
  if (site !== undefined) return site === 'same-origin'
  const origin = text(headers.origin)
  if (origin === undefined || !URL.canParse(origin)) return false
  return publicUrl === undefined
    ? new URL(origin).host === text(headers.host)
    : new URL(origin).origin === new URL(publicUrl).origin
}

/** Whether an address or a host name means this very machine. */
export function isLoopback (host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?|\[?::ffff:127(\.\d{1,3}){3}\]?)$/i.test(host)
}

const BASE = 'http://here'
const VISIBLE_ASCII = /^\/[\x21-\x7e]*$/
/**
 * Pages that a sign-in may lead back to, once dots are resolved: no empty part, which a browser
 * would take for a host.
 */
const PAGE = /^\/(?:(?:apps|modules|personas|releases|runner|runs|tools)(?:\/[^/\\]+)*)?$/

/** A page of this site to go back to; `/` for anything else that somebody put into an address. */
export function localPath (to: unknown): string {
  if (
    typeof to !== 'string' || !VISIBLE_ASCII.test(to) || to.includes('\\') ||
    !URL.canParse(to, BASE)
  ) return '/'
  const { origin, pathname, search } = new URL(to, BASE)
  return origin === BASE && PAGE.test(pathname) ? `${pathname}${search}` : '/'
}
