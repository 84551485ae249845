import fp from 'fastify-plugin'
import { noAccounts, type Accounts } from '../accounts/account.ts'
import { passwordAccounts } from '../accounts/login.ts'
import { createClaude } from '../agent/claude.ts'
import { openMcpToolbox } from '../agent/mcp-toolbox.ts'
import type { RunDependencies } from '../runs/execute-run.ts'

declare module 'fastify' {
  interface FastifyInstance {
    agent: Pick<RunDependencies, 'model' | 'accounts' | 'openToolbox'>
  }
}

/** Decorates `app.agent`: the model, the accounts and the app under test, as the environment names them. */
export default fp(async app => {
  const { ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, ANTHROPIC_MODEL, MCP_URL, MCP_TRUSTED, TOOL_TIMEOUT_MS } = app.config
  app.decorate('agent', {
    // Without a key the runner is off (plugins/scheduler.ts), so this one never goes out.
    model: createClaude({ apiKey: ANTHROPIC_API_KEY ?? 'not-set', baseUrl: ANTHROPIC_BASE_URL, model: ANTHROPIC_MODEL }),
    accounts: accountsOf(app.config),
    openToolbox: (headers, signal) =>
      openMcpToolbox({ url: MCP_URL, headers, callTimeoutMs: TOOL_TIMEOUT_MS, trusted: MCP_TRUSTED }, signal)
  })
}, { name: 'agent', dependencies: ['env'] })

function accountsOf ({ AUTH_URL, PERSONA_SEED_SECRET }: { AUTH_URL?: string, PERSONA_SEED_SECRET?: string }): Accounts {
  return AUTH_URL !== undefined && PERSONA_SEED_SECRET !== undefined
    ? passwordAccounts({ authUrl: AUTH_URL, seedSecret: PERSONA_SEED_SECRET })
    : noAccounts
}
