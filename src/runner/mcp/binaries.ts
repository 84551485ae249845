/**
 * Pictures, sounds and files in an answer, which stand in it as base64 and are never shown: what is
 * long of them is left out while the answer comes in, so that the text beside them is kept however
 * large they are.
 */

/** The properties that the protocol keeps base64 in, of images, audio and embedded resources. */
const HOLDERS = ['data', 'blob']
const LONGEST_NAME = 4
/** What is kept of one, in bytes: enough to tell base64 from words. */
const KEPT_BYTES = 4096
const BASE64 = /^[\w+/=-]*$/
/** Stands before the number of characters that were left out; no base64 has it. */
const OMITTED = '~'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const LINE_BREAK = 0x0a

export async function* withoutBinaries (
  chunks: AsyncIterable<Uint8Array>
): AsyncGenerator<Uint8Array> {
  const cutter = new BinaryCutter()
  for await (const chunk of chunks) {
    yield* cutter.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  }
}

/** The length of base64 before anything was left out of it. */
export function fullLength (base64: string): number {
  const at = base64.lastIndexOf(OMITTED)
  return at < 0 ? base64.length : at + Number(base64.slice(at + 1))
}

/** Goes through JSON, or an event stream of it, byte by byte; a string never spans two lines. */
class BinaryCutter {
  #isInside = false
  /** Of the string that this is in: what it says, while that may name a holder. */
  #name = ''
  #length = 0
  #isEscaped = false
  /** It stands behind the name of a holder, and was base64 so far. */
  #isHeld = false
  #omitted = 0
  /** What stands behind a string that named a holder. */
  #gap: string | undefined;

  *take (chunk: Buffer): Generator<Uint8Array> {
    let from = 0
    let at = 0
    while (at < chunk.length) {
      if (!this.#isInside) {
        at = this.#enter(chunk, at)
        continue
      }
      const end = this.#endOfString(chunk, at)
      const cutAt = this.#cutFrom(chunk, at, end)
      if (cutAt < end) {
        yield chunk.subarray(from, cutAt)
        this.#omitted += end - cutAt
        from = end
      }
      if (end < chunk.length) {
        if (this.#omitted > 0) yield Buffer.from(`${OMITTED}${this.#omitted}`)
        this.#leave()
      }
      at = end + 1
    }
    if (from < chunk.length) yield chunk.subarray(from)
  }

  /** @returns where the next string begins, behind its quote */
  #enter (chunk: Buffer, at: number): number {
    const quote = chunk.indexOf(QUOTE, at)
    const end = quote < 0 ? chunk.length : quote
    if (this.#gap !== undefined) {
      this.#gap = (this.#gap + chunk.toString('latin1', at, Math.min(end, at + 16))).slice(0, 16)
    }
    if (quote < 0) return chunk.length
    this.#isHeld = this.#gap !== undefined && /^\s*:\s*$/.test(this.#gap)
    this.#gap = undefined
    this.#isInside = true
    this.#name = ''
    this.#length = 0
    this.#isEscaped = false
    return quote + 1
  }

  /** @returns where its quote, or the line, ends it; behind the chunk where neither does */
  #endOfString (chunk: Buffer, from: number): number {
    let at = from
    for (;;) {
      const quote = chunk.indexOf(QUOTE, at)
      const end = quote < 0 ? chunk.length : quote
      const line = chunk.subarray(at, end).indexOf(LINE_BREAK)
      if (line >= 0) return at + line
      const isEscaped = this.#endsEscaped(chunk, at, end)
      this.#isEscaped = quote < 0 && isEscaped
      if (quote < 0 || !isEscaped) return end
      at = quote + 1
    }
  }

  /** Whether what stands at `end` belongs to an escape. */
  #endsEscaped (chunk: Buffer, from: number, end: number): boolean {
    let backslashes = 0
    while (end - backslashes > from && chunk[end - backslashes - 1] === BACKSLASH) backslashes++
    const carried = end - backslashes === from && this.#isEscaped ? 1 : 0
    return (backslashes + carried) % 2 === 1
  }

  /** @returns from where on the string is left out; its end where nothing is */
  #cutFrom (chunk: Buffer, from: number, end: number): number {
    const before = this.#length
    this.#length += end - from
    if (!this.#isHeld) {
      if (this.#length <= LONGEST_NAME) this.#name += chunk.toString('latin1', from, end)
      return end
    }
    const keptTo = Math.max(from, Math.min(end, from + KEPT_BYTES - before))
    if (BASE64.test(chunk.toString('latin1', from, keptTo))) return keptTo
    // Words: nothing of it is left out.
    this.#isHeld = false
    return end
  }

  #leave (): void {
    if (this.#length <= LONGEST_NAME && HOLDERS.includes(this.#name)) this.#gap = ''
    this.#isInside = false
    this.#isHeld = false
    this.#omitted = 0
  }
}
