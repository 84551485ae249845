/**
 * Whether a pattern, with `*` for anything, covers a tool's name; capitals do not matter. Each
 * piece between stars is sought from the end of the one before: one expression with many stars
 * would take exponential time over a name made for it.
 */
export function covers (pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.normalize('NFKC').split('*').map(part =>
    part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&')
  )
  const text = name.normalize('NFKC')
  const last = rest.pop()
  if (last === undefined) return new RegExp(`^${first}$`, 'isu').test(text)
  let at = endOf(`^${first}`, text, 0)
  for (const part of rest) at = at === null ? null : endOf(part, text, at)
  return at !== null && new RegExp(`${last}$`, 'isu').test(text.slice(at))
}

/** Where the first such piece from there on ends; null: there is none. */
function endOf (piece: string, text: string, from: number): number | null {
  const expression = new RegExp(piece, 'gisu')
  expression.lastIndex = from
  return expression.test(text) ? expression.lastIndex : null
}
