import { once } from 'node:events'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { NotReadyError } from '../../../platform/errors.ts'

const BEAT_EVERY_MS = 15_000
/** Then the browser comes again, and its session is looked at anew. */
const LONGEST_STREAM_MS = 5 * 60_000
const MAX_STREAMS = 1000
/** Who reads slower than that is let go; it comes again and sees the page as it is then. */
const MAX_BACKLOG_BYTES = 256 * 1024

/**
 * Server-sent events: `change` with the topics that have changed (web/dashboard/live-marks.ts), and
 * a `beat` in between.
 */
export const eventStream: FastifyPluginAsyncTypebox = async app => {
  const open = new Set<() => void>()
  // Before the server waits for its connections to end: these never would by themselves.
  app.addHook('preClose', async () => {
    for (const end of open) end()
    await app.live.close()
  })

  app.get('/events', {
    exposeHeadRoute: false,
    config: { staysOpen: true },
    schema: { hide: true }
  }, async (_request, reply) => {
    if (open.size >= MAX_STREAMS) {
      throw new NotReadyError(`${MAX_STREAMS} pages are being kept live already.`)
    }
    const send = beginStream(reply)
    const stopListening = app.live.listen(topics => send('change', JSON.stringify(topics)))
    const beat = setInterval(() => send('beat', ''), BEAT_EVERY_MS)
    const end = () => reply.raw.end()
    const longest = setTimeout(end, LONGEST_STREAM_MS)
    open.add(end)
    await once(reply.raw, 'close').catch(() => {})
    stopListening()
    clearInterval(beat)
    clearTimeout(longest)
    open.delete(end)
  })
}

function beginStream (reply: FastifyReply): (event: string, data: string) => void {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    ...reply.getHeaders() as Record<string, string>,
    'content-type': 'text/event-stream; charset=utf-8',
    // A proxy that gathers what it passes on would hold the events back.
    'x-accel-buffering': 'no'
  })
  raw.on('error', () => {})
  raw.write('retry: 2000\n\n')
  return (event, data) => {
    if (raw.writableLength > MAX_BACKLOG_BYTES) raw.destroy()
    else raw.write(`event: ${event}\ndata: ${data}\n\n`)
  }
}
