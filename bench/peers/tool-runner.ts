import Anthropic from '@anthropic-ai/sdk'
import { mcpTools } from '@anthropic-ai/sdk/helpers/beta/mcp'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { DAY, MODEL, mustRate, REFLECT, SYSTEM, type Arm, type Places } from '../arms/arm.ts'

/** The tool runner of the Anthropic SDK with its helper for MCP. */
export async function openArm ({ modelUrl, mcpUrl }: Places): Promise<Arm> {
  const anthropic = new Anthropic({ apiKey: 'stand-in', baseURL: modelUrl })
  return {
    async run () {
      const client = new Client({ name: 'bench', version: '1' })
      await client.connect(new StreamableHTTPClientTransport(new URL(mcpUrl)))
      const { tools: listed } = await client.listTools()
      const tools = mcpTools(listed, client)
      const ask = { model: MODEL, max_tokens: 4096, system: SYSTEM, tools }
      const runner = anthropic.beta.messages.toolRunner({
        ...ask,
        messages: [{ role: 'user', content: DAY }]
      })
      const last = await runner.runUntilDone()
      const { messages } = runner.params
      // The runner keeps its last reply to itself in some versions.
      const told = messages.at(-1)?.role === 'assistant'
        ? messages
        : [...messages, { role: 'assistant' as const, content: last.content }]
      const rated = await anthropic.beta.messages.toolRunner({
        ...ask,
        messages: [...told, { role: 'user', content: REFLECT }]
      })
      await client.close()
      const [first] = rated.content
      mustRate(first?.type === 'text' ? first.text : '')
    },
    close: async () => {}
  }
}
