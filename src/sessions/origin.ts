/** Where a request to a page comes from. Pure. */

type Headers = Record<string, string | string[] | undefined>

const text = (value: string | string[] | undefined) => typeof value === 'string' ? value : undefined

/**
 * Whether a page of ours sent this request. Browsers say so in Sec-Fetch-Site, older ones in Origin; who says neither is
 * refused.
 */
export function isSameOrigin (headers: Headers): boolean {
  const site = text(headers['sec-fetch-site'])
  if (site !== undefined) return site === 'same-origin'
  const origin = text(headers.origin)
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === text(headers.host)
}

/** Whether an address or a host name means this very machine. */
export function isLoopback (host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?|\[?::ffff:127(\.\d{1,3}){3}\]?)$/i.test(host)
}

/** A path on this site to go back to; `/` for anything else that somebody put into an address. */
export function localPath (to: unknown): string {
  if (typeof to !== 'string' || !to.startsWith('/') || !URL.canParse(to, 'http://here')) return '/'
  const url = new URL(to, 'http://here')
  return url.origin === 'http://here' && !to.includes('\\') ? `${url.pathname}${url.search}` : '/'
}
