import type { Citation } from './schemas.ts'
import { oneLine } from '../../platform/text.ts'

/**
 * The evidence lock: a rating counts only where what it rests on can be looked up in this run
 * (docs/ratings.md). Pure.
 */

interface CitingRating {
  module: string
  rating: number | null
  evidence: Citation[]
}

export interface CitableAction {
  /** Counted from 1 within the run. */
  number: number
  module: string
  /** As stored: what the app answered, and for an error its message. */
  resultText: string
  result: 'ok' | 'error' | 'unknown' | 'rejected'
}

/**
 * `reason`: a stable code, a colon and what it is about; for rows, operators and the repair
 * question.
 */
type EvidenceCheck = { grounded: true } | { grounded: false, reason: string }

/** What a persona is shown in place of a result that holds no text. */
export const NOTHING_SAID = '(empty)'

/** A shorter quote is found in any answer and proves nothing. */
const MIN_QUOTE_CHARS = 3
/**
 * Pieces of a quote with something left out are easier to come by, so there may be few of them and
 * each must be longer.
 */
const MAX_PIECES = 3
const MIN_PIECE_CHARS = 5

/**
 * Every cited action must be one of this run and of the rated module, and every quote must occur in
 * its stored result. Where anything is cited that can be quoted from, at least one quote is asked
 * for; from a call without an answer, or with one too short to quote such as `[]`, none can be.
 * @param actions all actions of the run
 */
export function checkEvidence (rating: CitingRating, actions: CitableAction[]): EvidenceCheck {
  if (rating.evidence.length === 0) return { grounded: false, reason: 'no_citation' }
  const byNumber = new Map(actions.map(action => [action.number, action]))
  const checks = rating.evidence.map(citation =>
    checkCitation(citation, byNumber.get(citation.action), rating.module)
  )
  const wrong = checks.find(check => typeof check === 'object')
  if (wrong !== undefined) return { grounded: false, reason: wrong.reason }
  return checks.includes('unquoted') && !checks.includes('quoted')
    ? { grounded: false, reason: 'no_quote' }
    : { grounded: true }
}

/** `unquotable`: there is nothing to quote from. */
type CitationCheck = 'quoted' | 'unquoted' | 'unquotable' | { reason: string }

function checkCitation (
  citation: Citation,
  action: CitableAction | undefined,
  module: string
): CitationCheck {
  if (action === undefined) return { reason: `unknown_action: #${citation.action}` }
  if (action.module !== module) {
    return { reason: `wrong_module: #${action.number} is of ${oneLine(action.module, 128)}` }
  }
  const result = comparable(action.resultText)
  // Nobody can quote from nothing; what stood in its place is no invention.
  if (
    result === '' && action.result !== 'unknown' &&
    comparable(citation.quote ?? '') === NOTHING_SAID
  ) return 'unquotable'
  const quote = trimMarks(comparable(citation.quote ?? ''))
  if ([...quote].length >= MIN_QUOTE_CHARS) {
    return occurs(quote, result)
      ? 'quoted'
      : { reason: `invented_quote: "${oneLine(citation.quote ?? '', 100)}"` }
  }
  return action.result === 'unknown' || [...result].length < MIN_QUOTE_CHARS
    ? 'unquotable'
    : 'unquoted'
}

/** As a whole, or its pieces one behind the other where the persona left something out. */
function occurs (quote: string, result: string): boolean {
  if (result.includes(quote)) return true
  const pieces = quote.split(/\[?\.{3}\]?/).map(piece => piece.trim())
  if (pieces.length > MAX_PIECES || pieces.some(piece => [...piece].length < MIN_PIECE_CHARS)) {
    return false
  }
  let from = 0
  return pieces.every(piece => {
    const at = result.indexOf(piece, from)
    from = at + piece.length
    return at >= 0
  })
}

/**
 * A text in the one form that quotes are compared in: a model retypes white space, quotation marks,
 * dashes, JSON's escapes and case as it likes, and none of that makes a quote invented. JSON inside
 * of JSON doubles its backslashes; how many are read is bounded, because a long row of them would
 * take quadratic time.
 */
export function comparable (text: string): string {
  return text.normalize('NFKC')
    .replace(/\\{1,16}[nrt]/g, ' ')
    .replace(
      /\\{1,16}u([0-9a-f]{4})/gi,
      (_, code: string) => String.fromCharCode(parseInt(code, 16))
    )
    .replace(/\\{1,16}(["'/])/g, '$1')
    .replace(/[\u00ad\u200b-\u200d\u2060]/g, '')
    .replace(/[„“”‟«»‹›‚‘’‛`´']/g, '"')
    .replace(/[‐‑–—−]/g, '-')
    .replace(/\s+/g, ' ').trim().toLowerCase()
}

/**
 * Without the quotation marks and the ellipses that a quote was put between, and without half an
 * escape.
 */
function trimMarks (quote: string): string {
  return quote.replace(/^(?:["\s\\]|\[?\.{3}\]?)+|(?:["\s\\]|\[?\.{3}\]?)+$/g, '')
}
