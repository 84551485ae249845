import { oneLine } from '../../platform/text.ts'

/**
 * What kind of error a message tells of, so that the same trouble with another id is the same
 * problem. Pure.
 */

const MAX_KIND_BYTES = 200
const NO_MESSAGE = 'no message'

/**
 * In this order: what comes earlier would be torn apart by what comes later. `needs` is in every
 * text that the pattern finds, and is found in a tenth of the time: most messages need two or three
 * of these patterns.
 */
export const REPLACEMENTS: { needs: RegExp, pattern: RegExp, by: string }[] = [
  { needs: /:\/\//, pattern: /\b[a-z][a-z+.-]*:\/\/[^\s"'<>)]+/gi, by: '<url>' },
  { needs: /@/, pattern: /[\w.+-]+@[\w-]+(\.[\w-]+)+/g, by: '<email>' },
  // Quoted strings. An apostrophe within or at the end of a word is no quotation mark.
  {
    needs: /["„“«»`‚‘]/,
    pattern: /"[^"]*"|„[^“”"]*[“”"]|“[^”]*”|«[^»]*»|»[^«]*«|`[^`]*`|‚[^‘]*‘|‘[^’]*’/g,
    by: '<text>'
  },
  { needs: /'/, pattern: /(?<![\p{L}\p{N}])'[^']*'(?![\p{L}\p{N}])/gu, by: '<text>' },
  {
    needs: /\d-\d/,
    pattern:
      /\b\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?)?/g,
    by: '<date>'
  },
  {
    needs: /\d[./]\d/,
    pattern: /\b\d{1,2}\.\d{1,2}\.\d{2,4}\b|\b\d{1,2}\/\d{1,2}\/\d{2,4}\b/g,
    by: '<date>'
  },
  { needs: /\d:\d/, pattern: /\b\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\b/g, by: '<date>' },
  {
    needs: /-/,
    pattern: /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
    by: '<id>'
  },
  // Long words of letters and digits: hashes, ULIDs, tokens.
  {
    needs: /(?<![a-z\d])[a-z\d]{16}/i,
    pattern: /\b(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{16,}\b/gi,
    by: '<id>'
  },
  {
    needs: /(?<![0-9a-f])[0-9a-f]{8}/i,
    pattern: /\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b/gi,
    by: '<id>'
  },
  // tick_12ab, usr_0042
  { needs: /_/, pattern: /\b[a-z]+_(?=\w*\d)\w+\b/gi, by: '<id>' }
]

/**
 * A status or a JSON-RPC code is the kind of the error, every other number a detail of this one.
 */
const NUMBER =
  /(?<keep>\b(?:https?|status(?: code)?|code)[ :=]+-?\d{3}\b|-32\d{3}\b)|(?<![\p{L}\d])-?\d+(?:[.,]\d+)*|\d+/giu

/** One line; ids, numbers, quoted strings, addresses and dates are replaced by what they are. */
export function kindOfError (message: string | null): string {
  // Twice as long as what is kept is enough, and keeps the patterns cheap on a message of
  // megabytes.
  const line = oneLine(message ?? '', 2 * MAX_KIND_BYTES)
  const general = REPLACEMENTS.reduce(
    (text, { needs, pattern, by }) => needs.test(text) ? text.replace(pattern, by) : text,
    line
  )
    .replace(NUMBER, (_: string, keep: string | undefined) => keep ?? '<n>')
  return oneLine(general, MAX_KIND_BYTES) || NO_MESSAGE
}
