/** Bytes as they come, put together or cut short. */

export async function textOf (chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts).toString()
}

export async function* firstOf (
  chunks: AsyncIterable<Uint8Array>,
  bytes: number
): AsyncGenerator<Uint8Array> {
  let left = bytes
  for await (const chunk of chunks) {
    yield chunk.subarray(0, left)
    left -= chunk.byteLength
    if (left <= 0) return
  }
}

export async function* oneChunk (text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

/** What is left is for nobody. */
export async function drain (rest: AsyncGenerator<unknown>): Promise<void> {
  while ((await rest.next()).done !== true);
}
