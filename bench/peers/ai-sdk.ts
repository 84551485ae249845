import { createAnthropic } from '@ai-sdk/anthropic'
import { createMCPClient } from '@ai-sdk/mcp'
import { generateText, isStepCount, type ModelMessage } from 'ai'
import { DAY, MODEL, mustRate, REFLECT, SYSTEM, type Arm, type Places } from '../arms/arm.ts'

/** Vercel's AI SDK: `generateText` with its own MCP client. */
export async function openArm ({ modelUrl, mcpUrl }: Places): Promise<Arm> {
  const anthropic = createAnthropic({ apiKey: 'stand-in', baseURL: `${modelUrl}/v1` })
  return {
    async run () {
      const client = await createMCPClient({ transport: { type: 'http', url: mcpUrl } })
      const ask = {
        model: anthropic(MODEL),
        system: SYSTEM,
        tools: await client.tools(),
        maxOutputTokens: 4096,
        stopWhen: isStepCount(15)
      }
      const opening: ModelMessage[] = [{ role: 'user', content: DAY }]
      const day = await generateText({ ...ask, messages: opening })
      const rated = await generateText({
        ...ask,
        messages: [...opening, ...day.responseMessages, { role: 'user', content: REFLECT }]
      })
      await client.close()
      mustRate(rated.text)
    },
    close: async () => {}
  }
}
