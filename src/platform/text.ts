/**
 * The one sanitiser, applied at every border to the database and to the model. NUL breaks Postgres
 * text and lone surrogates break jsonb and make the Messages API refuse the conversation for ever;
 * bidirectional overrides let text show other than it is.
 */

const UNWANTED =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g

/**
 * Text without control characters (tab and line breaks stay), bidirectional overrides and lone
 * surrogates.
 */
export function clean (text: string): string {
  return text.toWellFormed().replace(UNWANTED, '')
}

/**
 * The beginning of a text, at most so many bytes of UTF-8, cut between code points.
 * @returns the text and how many bytes were left out
 */
export function cutBytes (text: string, maxBytes: number): { text: string, omittedBytes: number } {
  // No code unit of UTF-16 is more than three bytes of UTF-8.
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) {
    return { text, omittedBytes: 0 }
  }
  const bytes = Buffer.from(text)
  let end = maxBytes
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return { text: bytes.subarray(0, end).toString(), omittedBytes: bytes.length - end }
}

/** White space that is not one space already: most texts have none, and are not written anew. */
const UNEVEN = /[^\S ]\s*|\s{2,}/g

/** One line, cleaned and short enough for a row or a log. */
export function oneLine (text: string, maxBytes = 500): string {
  return cutBytes(clean(text).replace(UNEVEN, ' ').trim(), maxBytes).text
}
