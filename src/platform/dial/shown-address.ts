/** An address for people: what may be secret in it, a query or a password, is left out. */
export function shownAddress (url: string): string {
  if (!URL.canParse(url)) return '[address]'
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}
