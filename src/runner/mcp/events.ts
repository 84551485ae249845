import { createParser } from 'eventsource-parser'

/** Event streams, read and written. */

export interface ServerEvent {
  /** What a cut stream is resumed from. */
  id?: string | undefined
  event?: string | undefined
  data: string
  /** How long to wait before the stream is resumed, in milliseconds. */
  retry?: number | undefined
}

export async function* readEvents (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder()
  let ready: ServerEvent[] = []
  let retry: number | undefined
  const parser = createParser({
    onEvent: event => {
      ready.push({ ...event, retry })
      retry = undefined
    },
    onRetry: ms => {
      retry = ms
    }
  })
  for await (const chunk of chunks) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    const events = ready
    ready = []
    yield* events
  }
}

export function writeEvent ({ id, event, data, retry }: ServerEvent): Uint8Array {
  const fields = [
    ...(id === undefined ? [] : [`id: ${id}`]),
    ...(event === undefined ? [] : [`event: ${event}`]),
    ...(retry === undefined ? [] : [`retry: ${retry}`]),
    ...data.split('\n').map(line => `data: ${line}`)
  ]
  return Buffer.from(`${fields.join('\n')}\n\n`)
}
