import { createClaude } from '../../src/runner/models/anthropic/claude.ts'
import { openMcpToolbox } from '../../src/runner/mcp/toolbox.ts'
import { MODEL, SYSTEM, type Arm, type Places } from './arm.ts'
import { liveDay } from './lived-day.ts'

/** Our loop without a database: what is left when only model and tools count, as with the peers. */
export async function openArm ({ modelUrl, mcpUrl }: Places): Promise<Arm> {
  const model = createClaude({ apiKey: 'stand-in', baseUrl: modelUrl, model: MODEL })
  const signal = new AbortController().signal
  return {
    async run () {
      const toolbox = await openMcpToolbox({
        url: mcpUrl,
        headers: {},
        callTimeoutMs: 10_000,
        trusted: false
      }, signal)
      await liveDay(model, toolbox, SYSTEM)
      await toolbox.close()
    },
    close: async () => {}
  }
}
