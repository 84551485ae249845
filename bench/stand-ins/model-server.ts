import { createServer, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { dayScript, type Asked, type Said } from './day-script.ts'

/**
 * A Messages API that plays the day's script after a wait, whole or as a stream. Lean, and not one
 * for judging requests.
 */

interface Body {
  model: string
  stream?: boolean
  tools?: { name: string }[]
  messages: { role: string }[]
  /** The tool runner lets the provider keep the conversation, and sends only what is new. */
  thread?: { previous_message_id?: string }
}

export function createModelServer (
  delayMs: () => number,
  onRequest: (bytes: number) => void
): Server {
  const kept = new Map<string, Asked>()
  return createServer(async (req, res) => {
    const raw = await text(req)
    onRequest(raw.length)
    if (req.method !== 'POST' || !req.url?.startsWith('/v1/messages')) {
      return res.writeHead(404).end('{}')
    }
    if (req.url.includes('count_tokens')) {
      return res.writeHead(200, JSON_TYPE).end('{"input_tokens":100}')
    }
    const body = JSON.parse(raw) as Body
    const asked = kept.get(body.thread?.previous_message_id ?? '') ?? {
      tools: body.tools ?? [],
      replies: body.messages.filter(message => message.role === 'assistant').length
    }
    const said = asked.tools.length === 0 ? { text: 'Yes.' } : dayScript(asked)
    if (delayMs() > 0) await wait(delayMs())
    const message = replyOf(body.model, said)
    kept.delete(body.thread?.previous_message_id ?? '')
    if (body.thread !== undefined) kept.set(message.id, { ...asked, replies: asked.replies + 1 })
    if (body.stream !== true) return res.writeHead(200, JSON_TYPE).end(JSON.stringify(message))
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of eventsOf(message)) {
      res.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    }
    res.end()
  })
}

const JSON_TYPE = { 'content-type': 'application/json' }

type Block = { type: 'text', text: string } | {
  type: 'tool_use'
  id: string
  name: string
  input: unknown
}
interface Reply {
  id: string
  content: Block[]
  stop_reason: string
  usage: Record<string, number>
  [key: string]: unknown
}

let ids = 0

function replyOf (model: string, { text, toolCalls = [] }: Said): Reply {
  const content: Block[] = text === undefined ? [] : [{ type: 'text', text }]
  for (const call of toolCalls) content.push({ type: 'tool_use', id: `toolu_${++ids}`, ...call })
  return {
    id: `msg_${++ids}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: toolCalls.length > 0 ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: {
      input_tokens: 20,
      output_tokens: 40,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 4000
    }
  }
}

function eventsOf (
  { content, stop_reason: stopReason, usage, ...message }: Reply
): { type: string }[] {
  const events: ({ type: string } & Record<string, unknown>)[] = [{
    type: 'message_start',
    message: { ...message, content: [], stop_reason: null, usage }
  }]
  for (const [index, block] of content.entries()) {
    const isText = block.type === 'text'
    events.push({
      type: 'content_block_start',
      index,
      content_block: isText ? { type: 'text', text: '' } : { ...block, input: {} }
    })
    const delta = isText
      ? { type: 'text_delta', text: block.text }
      : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) }
    events.push({ type: 'content_block_delta', index, delta }, {
      type: 'content_block_stop',
      index
    })
  }
  return [...events, {
    type: 'message_delta',
    delta: { stop_reason: stopReason, stop_sequence: null },
    usage: { output_tokens: 40 }
  }, { type: 'message_stop' }]
}
