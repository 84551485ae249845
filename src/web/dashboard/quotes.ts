/** Finds what a persona quoted in what the app answered, so that a page can mark it. Pure. */

export interface Passage {
  text: string
  quoted: boolean
}

const MAX_QUOTE_CHARS = 300
const MIN_PIECE_CHARS = 3

/**
 * The text in passages, together the same text. White space and case of a quote do not matter, nor
 * what it left out with `…`.
 */
export function markQuotes (text: string, quotes: string[]): Passage[] {
  const pieces = quotes.flatMap(quote => quote.slice(0, MAX_QUOTE_CHARS).split(/\[?(?:…|\.{3})\]?/))
    .map(pattern).filter(source => source !== null)
  if (pieces.length === 0) return [{ text, quoted: false }]
  const passages: Passage[] = []
  let from = 0
  for (
    const match of text.matchAll(
      new RegExp(pieces.sort((a, b) => b.length - a.length).join('|'), 'giu')
    )
  ) {
    if (match.index > from) passages.push({ text: text.slice(from, match.index), quoted: false })
    passages.push({ text: match[0], quoted: true })
    from = match.index + match[0].length
  }
  return from < text.length || passages.length === 0
    ? [...passages, { text: text.slice(from), quoted: false }]
    : passages
}

const QUOTATION_MARK = /["'„“”‚‘’«»`]/u

/** White space may stand between any two characters, because JSON is shown in lines. */
function pattern (quote: string): string | null {
  const characters = [...quote.trim().replace(/\s+/g, '').replace(/\\(?=["'/])/g, '')]
  if (characters.length < MIN_PIECE_CHARS) return null
  return characters.map(character =>
    QUOTATION_MARK.test(character)
      ? '\\\\?["\'„“”‚‘’«»`]'
      : character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&')
  ).join('\\s*')
}
