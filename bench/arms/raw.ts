import { Agent, request } from 'undici'
import { DAY, MODEL, mustRate, REFLECT, SYSTEM, type Arm, type Places } from './arm.ts'

/** The floor: the same requests by hand, without any SDK and without judging anything. */
export async function openArm ({ modelUrl, mcpUrl }: Places): Promise<Arm> {
  const dispatcher = new Agent()
  const post = async (url: string, body: unknown, headers: Record<string, string> = {}) => {
    const answer = await request(url, {
      method: 'POST',
      dispatcher,
      body: JSON.stringify(body),
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers
      }
    })
    const text = await answer.body.text()
    return {
      session: String(answer.headers['mcp-session-id'] ?? ''),
      body: text === ''
        ? {}
        : JSON.parse(text.startsWith('event:') ? text.slice(text.indexOf('data:') + 5) : text)
    }
  }
  return {
    async run () {
      let id = 0
      const rpc = (method: string, params: unknown, session?: string) =>
        post(
          mcpUrl,
          { jsonrpc: '2.0', id: ++id, method, params },
          session === undefined ? {} : { 'mcp-session-id': session }
        )
      const { session } = await rpc('initialize', {
        protocolVersion: '2025-06-18',
        capabilities: {},
        clientInfo: { name: 'raw', version: '1' }
      })
      await post(mcpUrl, { jsonrpc: '2.0', method: 'notifications/initialized' }, {
        'mcp-session-id': session
      })
      const listed = (await rpc('tools/list', {}, session)).body.result.tools as {
        name: string
        description: string
        inputSchema: object
      }[]
      const tools = listed.map(({ name, description, inputSchema }) => ({
        name,
        description,
        input_schema: inputSchema
      }))
      const messages: { role: string, content: unknown }[] = [{ role: 'user', content: DAY }]
      for (let asked = false;;) {
        const { body: reply } = await post(`${modelUrl}/v1/messages`, {
          model: MODEL,
          max_tokens: 4096,
          system: SYSTEM,
          tools,
          messages
        })
        messages.push({ role: 'assistant', content: reply.content })
        const results: unknown[] = []
        for (const block of reply.content) {
          if (block.type !== 'tool_use') continue
          const { body } = await rpc(
            'tools/call',
            { name: block.name, arguments: block.input },
            session
          )
          results.push({
            type: 'tool_result',
            tool_use_id: block.id,
            content: body.result.content[0].text
          })
        }
        if (results.length === 0 && asked) return mustRate(reply.content[0].text)
        asked ||= results.length === 0
        messages.push({ role: 'user', content: results.length === 0 ? REFLECT : results })
      }
    },
    close: () => dispatcher.close()
  }
}
