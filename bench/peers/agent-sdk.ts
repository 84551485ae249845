import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { query } from '@anthropic-ai/claude-agent-sdk'
import { DAY, MODEL, mustRate, REFLECT, SYSTEM, type Arm, type Places } from '../arms/arm.ts'

/**
 * Claude's agent SDK, which starts a program of its own for each conversation; with all of its own
 * tools switched off.
 */
export async function openArm ({ modelUrl, mcpUrl }: Places): Promise<Arm> {
  const home = mkdtempSync(join(tmpdir(), 'bench-agent-'))
  return {
    async run () {
      let last = ''
      let said: (value: void) => void = () => {}
      const dayIsOver = new Promise<void>(resolve => {
        said = resolve
      })
      const words = async function* () {
        yield user(DAY)
        await dayIsOver
        yield user(REFLECT)
      }
      const conversation = query({
        prompt: words(),
        options: {
          model: MODEL,
          systemPrompt: SYSTEM,
          tools: [],
          mcpServers: { app: { type: 'http', url: mcpUrl } },
          permissionMode: 'dontAsk',
          allowedTools: ['mcp__app'],
          settingSources: [],
          cwd: home,
          env: {
            ...process.env,
            HOME: home,
            CLAUDE_CONFIG_DIR: home,
            ANTHROPIC_BASE_URL: modelUrl,
            ANTHROPIC_API_KEY: 'stand-in',
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
            DISABLE_AUTOUPDATER: '1',
            DISABLE_TELEMETRY: '1'
          }
        }
      })
      let results = 0
      for await (const message of conversation) {
        if (message.type !== 'result') continue
        last = message.subtype === 'success' ? message.result : message.subtype
        said()
        if (++results === 2) break
      }
      mustRate(last)
    },
    close: async () => rmSync(home, { recursive: true, force: true })
  }
}

function user (content: string) {
  return {
    type: 'user' as const,
    message: { role: 'user' as const, content },
    parent_tool_use_id: null,
    session_id: ''
  }
}
