import type { FastifyInstance } from 'fastify'
import { derivePassword } from '../../src/runner/accounts/password.ts'
import { startSampleApp, type SampleApp } from '../../src/demo/sample-app/sample-app.ts'
import { playPersona } from 'scripted-claude/persona-player'
import {
  startScriptedClaude,
  type Script,
  type ScriptedClaude
} from 'scripted-claude/scripted-claude'
import { admin, createPersona, SEED_SECRET, startTestApp } from './app.ts'

interface Teardown {
  teardown(fn: () => Promise<void>): void
}

export interface World {
  app: FastifyInstance
  sampleApp: SampleApp
  claude: ScriptedClaude
  /** A persona with an account in the sample app. */
  persona(overrides?: Record<string, unknown>): Promise<{ id: string, email: string }>
  /** Fires one tick, waits for it and answers what /diag/tick answers. */
  tick(): Promise<
    {
      due: number
      ranSuccessfully: number
      failed: { persona: string, error: string }[]
      durationMs: number
    }
  >
  /** The only run of a persona, as the admin route shows it. */
  runOf(personaId: string): Promise<any>
}

/**
 * What a run needs: a real app with sign-in and an MCP server, the stand-in model over HTTP, and
 * the runner itself.
 */
export async function startWorld (
  t: Teardown,
  options: { script?: Script, env?: Record<string, string> } = {}
): Promise<World> {
  const sampleApp = await startSampleApp()
  const claude = await startScriptedClaude({ script: options.script ?? playPersona })
  const app = await startTestApp(t, { env: { ...worldEnv(sampleApp, claude), ...options.env } })
  t.teardown(async () => {
    await claude.close()
    await sampleApp.close()
  })
  return {
    app,
    sampleApp,
    claude,
    async persona (overrides) {
      const persona = await createPersona(app, overrides)
      addAccount(sampleApp, persona.email)
      return persona
    },
    tick: async () => (await app.inject({ method: 'POST', url: '/diag/tick' })).json(),
    async runOf (personaId) {
      const { runs } =
        (await app.inject({ url: `/api/v1/admin/runs?personaId=${personaId}`, headers: admin }))
          .json()
      if (runs.length !== 1) throw new Error(`persona ${personaId} has ${runs.length} runs`)
      return (await app.inject({ url: `/api/v1/admin/runs/${runs[0].id}`, headers: admin })).json()
    }
  }
}

export function worldEnv (sampleApp: SampleApp, claude: ScriptedClaude): Record<string, string> {
  return {
    ANTHROPIC_API_KEY: 'stand-in',
    ANTHROPIC_BASE_URL: claude.url,
    MCP_URL: sampleApp.mcpUrl,
    AUTH_URL: sampleApp.url,
    PERSONA_SEED_SECRET: SEED_SECRET
  }
}

export function addAccount (sampleApp: SampleApp, email: string): void {
  sampleApp.addAccount({
    email,
    password: derivePassword(SEED_SECRET, email),
    name: email,
    locale: 'de'
  })
}
