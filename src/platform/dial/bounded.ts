/**
 * No answer from anywhere is held without a limit: a sign-in service or a model may be broken, or
 * bad.
 */

export class AnswerTooLargeError extends Error {
  constructor (maxBytes: number) {
    super(`the answer is larger than ${maxBytes} bytes`)
  }
}

/**
 * For answers whose reader brings no limit: tokens, sign-ins, metadata. In bytes, after unpacking.
 */
export const USUAL_MAX_BYTES = 1_000_000

/**
 * The same chunks, counted as they are read; the rest of a larger answer is never asked for.
 * @throws AnswerTooLargeError
 */
export async function* bounded (
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw new AnswerTooLargeError(maxBytes)
    yield chunk
  }
}
