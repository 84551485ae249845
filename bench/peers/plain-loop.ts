import Anthropic from '@anthropic-ai/sdk'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { DAY, MODEL, mustRate, REFLECT, SYSTEM, type Arm, type Places } from '../arms/arm.ts'

/** A loop of twenty lines on the Anthropic and the MCP SDK. */
export async function openArm ({ modelUrl, mcpUrl }: Places): Promise<Arm> {
  const anthropic = new Anthropic({ apiKey: 'stand-in', baseURL: modelUrl })
  return {
    async run () {
      const client = new Client({ name: 'bench', version: '1' })
      await client.connect(new StreamableHTTPClientTransport(new URL(mcpUrl)))
      const tools = (await client.listTools()).tools.map(({ name, description, inputSchema }) => ({
        name,
        description: description ?? '',
        input_schema: inputSchema
      }))
      const messages: Anthropic.MessageParam[] = [{ role: 'user', content: DAY }]
      for (let asked = false;;) {
        const reply = await anthropic.messages.create({
          model: MODEL,
          max_tokens: 4096,
          system: SYSTEM,
          tools,
          messages
        })
        messages.push({ role: 'assistant', content: reply.content })
        const results: Anthropic.ToolResultBlockParam[] = []
        for (const block of reply.content) {
          if (block.type !== 'tool_use') continue
          const { content } = await client.callTool({
            name: block.name,
            arguments: block.input as Record<string, unknown>
          })
          results.push({
            type: 'tool_result',
            tool_use_id: block.id,
            content: content as Anthropic.TextBlockParam[]
          })
        }
        const [first] = reply.content
        if (results.length === 0 && asked) {
          await client.close()
          return mustRate(first?.type === 'text' ? first.text : '')
        }
        asked ||= results.length === 0
        messages.push({ role: 'user', content: results.length === 0 ? REFLECT : results })
      }
    },
    close: async () => {}
  }
}
